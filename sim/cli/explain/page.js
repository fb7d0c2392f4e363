// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shows the data of the page, which explain-page.c and explain-state.c describe. A step is applied
 * forwards or, with its signs turned, backwards. Nothing here knows how pages are aged.
 */
"use strict";
(() => {
const D = JSON.parse(document.getElementById("data").textContent);
const $ = id => document.getElementById(id);
const PG = { referenced: 4, active: 8, workingset: 16, dirty: 32, swapbacked: 256 };
const PTE = { present: 1, young: 2, dirty: 4, swap: 32 };
const EACH = 64, SHOWN = 40; // single pages of a list, and spans from either end, that are shown
const last = D.steps.length - 1;
const difference = D.steps.findIndex(s => s.d);
let at = 0, chosen = 0, timer = 0;

const escape = s => s.replace(/[&<>"']/g, c => "&#" + c.charCodeAt(0) + ";");
const plural = (n, what) => n.toLocaleString("en") + " " + what + (n == 1 ? "" : "s");

// "count, first, step" and, with values, "value, step of the value"
function each(spans, values, fn) {
	for (let i = 0; i < spans.length; i += values ? 5 : 3)
		for (let k = 0; k < spans[i]; k++)
			fn(spans[i + 1] + k * spans[i + 2], values ? spans[i + 3] + k * spans[i + 4] : 0);
}
const expand = spans => { const out = []; each(spans, false, s => out.push(s)); return out; };

const runs = D.runs.map(about => ({
	about, value: new Map(), stamp: new Map(), lists: about.lists.map(() => []), vmas: new Map(), ptes: new Map(),
	n: new Array(about.numbers.length).fill(0), index: Object.fromEntries(about.numbers.map((name, i) => [name, i])),
}));

// Go over a change, forwards (sign 1) or backwards (-1).
function apply(r, d, sign) {
	if (d.f)
		each(d.f, true, (slot, more) => r.value.set(slot, (r.value.get(slot) || 0) + sign * more));
	const [gone, come] = sign > 0 ? [d.u, d.s] : [d.s, d.u];
	if (gone)
		each(gone, true, slot => r.stamp.delete(slot));
	if (come)
		each(come, true, (slot, stamp) => r.stamp.set(slot, stamp));
	if (d.l) {
		const moves = [];
		for (let i = 0; i < d.l.length; i += 4)
			moves.push(d.l.slice(i, i + 4));
		if (sign < 0)
			moves.reverse();
		for (const [list, place, left, came] of moves) {
			const out = expand(sign > 0 ? left : came), into = expand(sign > 0 ? came : left);
			r.lists[list].splice(place, out.length, ...into);
		}
	}
	const [unmapped, mapped] = sign > 0 ? [d.w, d.v] : [d.v, d.w];
	for (let i = 0; unmapped && i < unmapped.length; i += 6)
		r.vmas.delete(unmapped[i] + ":" + unmapped[i + 1]);
	for (let i = 0; mapped && i < mapped.length; i += 6)
		r.vmas.set(mapped[i] + ":" + mapped[i + 1], mapped.slice(i, i + 6));
	for (let i = 0; d.p && i < d.p.length; i += 2) {
		if (!r.ptes.has(d.p[i]))
			r.ptes.set(d.p[i], new Map());
		const table = r.ptes.get(d.p[i]);
		each(d.p[i + 1], true, (vpn, more) => {
			const v = (table.get(vpn) || 0) + sign * more;
			if (v) table.set(vpn, v); else table.delete(vpn);
		});
	}
	for (let i = 0; d.n && i < d.n.length; i += 2)
		r.n[d.n[i]] += sign * d.n[i + 1];
}

// Names

const firsts = D.files.map(f => f[1]);
function fileOf(r, slot) {
	if (slot >= r.about.anon_first)
		return -1;
	let lo = 0, hi = firsts.length;
	while (hi - lo > 1) {
		const mid = (lo + hi) >> 1;
		if (firsts[mid] <= slot) lo = mid; else hi = mid;
	}
	return lo;
}
function pageOf(r, slot) {
	const file = fileOf(r, slot);
	return file < 0 ? ["anon", slot - r.about.anon_first] : [D.files[file][0], slot - D.files[file][1]];
}
const nameOf = (r, slot) => pageOf(r, slot).join(":");
const colour = (r, slot) => { const f = fileOf(r, slot); return "f" + (f < 0 || f == D.files.length - 1 ? 5 : f % 5); };
const pages = (r, slot) => { const order = (r.value.get(slot) || 0) >> 24 & 15; return order && order < 15 ? 1 << (order - 1) : 1; };
const flagsOf = v => (v & PG.referenced ? "r" : "") + (v & PG.workingset ? "w" : "") + (v & PG.dirty ? "d" : "");

// What the engine calls a span: neighbours, in rising or falling order, with the same flags
function spans(r, list, flags) {
	const out = [];
	for (const slot of list) {
		const s = out[out.length - 1], f = flags(slot), file = fileOf(r, slot);
		const d = s ? slot - s.last : 0;
		if (s && (d == 1 || d == -1) && (s.n == 1 || d == s.d) && s.f == f && s.file == file) {
			s.last = slot; s.d = d; s.n++;
		} else {
			out.push({ first: slot, last: slot, n: 1, d: 0, f, file });
		}
	}
	return out;
}

// Which list is it, and where in the order of lists does it stand?
function listTitle(r, i) {
	const l = r.about.lists[i];
	if (l.cpu !== undefined)
		return { title: `cpu ${l.cpu}: ${l.name} batch`, term: "batch", rank: 1000 + i };
	const of = r.about.memcgs > 1 ? ` of cgroup ${l.memcg}` : "", type = l.name.replace(/.*_/, "");
	if (!r.about.gens)
		return { title: l.name + of, term: /^inactive/.test(l.name) ? "inactive-list" : "active-list",
			 rank: (/^active/.test(l.name) ? 0 : 1) + (type == "anon" ? 2 : 0) + 10 * l.memcg };
	const per = r.about.lists.filter(x => x.cpu === undefined && x.memcg == 0).length / 2;
	const gen = Math.floor(i % (2 * per) / 2), max = r.n[r.index["youngest" + l.memcg]], min = r.n[r.index["oldest" + l.memcg]];
	const age = ((max - gen) % per + per) % per, seq = max - age;
	return { title: `generation ${seq}, ${type}${of}` + (age == 0 ? ", the youngest" : type == "file" && seq == min ? ", the oldest" : ""),
		 term: "generation", rank: age + (type == "anon" ? 10 : 0) + 100 * l.memcg };
}

// Parts of the page

const shownHtml = new Map();
function put(id, html) {
	if (shownHtml.get(id) === html)
		return;
	shownHtml.set(id, html);
	$(id).innerHTML = html;
}
// Give an element these children, each as HTML that no other has; those that it has already stay.
const maker = document.createElement("template");
function keep(parent, items) {
	const had = parent.had || new Map(), has = new Map(), wanted = new Set(items);
	for (const [html, node] of had)
		if (!wanted.has(html))
			node.remove();
	let cursor = parent.firstElementChild;
	for (const html of items) {
		let node = had.get(html);
		if (!node) {
			maker.innerHTML = html;
			node = maker.content.firstElementChild;
		}
		if (node == cursor)
			cursor = cursor.nextElementSibling;
		else
			parent.insertBefore(node, cursor);
		has.set(html, node);
	}
	parent.had = has;
}
const perRun = (fn, differs) => runs.map((r, i) =>
	`<div class="run${differs === undefined ? "" : `${differs ? " differs" : ""}" tabindex="0" role="region" aria-label="what happens${runs.length > 1 ? ": " + escape(r.about.label) : ""}`}">${runs.length > 1 ? `<h3>${escape(r.about.label)}</h3>` : ""}${fn(r, D.steps[at].r[i], i)}</div>`).join("");
const term = (id, text) => `<a href="#g-${id}">${escape(text)}</a>`;

function chip(r, s, hit) {
	const first = nameOf(r, s.first), more = pages(r, s.first), v = r.value.get(s.first) || 0;
	let name = first;
	if (s.n > 1)
		name += ".." + pageOf(r, s.last)[1];
	else if (more > 1)
		name += "-" + (pageOf(r, s.first)[1] + more - 1);
	return `<button class="chip ${colour(r, s.first)}${hit ? " hit" : ""}${s.first == chosen ? " chosen" : ""}" tabindex="-1" data-slot="${s.first}" title="${escape(describe(r, s.first, v))}">${escape(name)}${s.f ? `<b>${s.f}</b>` : ""}</button>`;
}
function describe(r, slot, v) {
	const words = [nameOf(r, slot)];
	if (v & PG.referenced) words.push("referenced");
	if (v & PG.active) words.push("active");
	if (v & PG.workingset) words.push("workingset");
	if (v & PG.dirty) words.push("dirty");
	if (pages(r, slot) > 1) words.push("a folio of " + pages(r, slot) + " pages");
	return words.join(", ");
}

function chips(r, list, hits, flags) {
	const all = list.length <= EACH ? list.map(slot => ({ first: slot, last: slot, n: 1, f: flags(slot) })) : spans(r, list, flags);
	const isHit = s => { for (let i = 0, slot = s.first; i < s.n; i++, slot += s.d || 1) if (hits.has(slot)) return true; return false; };
	const items = [];
	let hidden = 0;
	all.forEach((s, i) => {
		if (all.length > 2 * SHOWN && i >= SHOWN && i < all.length - SHOWN) {
			hidden += s.n;
			return;
		}
		if (hidden)
			items.push(`<span class="more">… ${hidden.toLocaleString("en")} more …</span>`);
		hidden = 0;
		items.push(chip(r, s, hits.size && isHit(s)));
	});
	return items;
}

function hitsOf(d) {
	const hits = new Set();
	for (let i = 0; d.e && i < d.e.length; i += 5)
		for (let k = 0; k < d.e[i + 1]; k++)
			hits.add(d.e[i] + k);
	return hits;
}

// The lists stay in the page, with the chips that stay on them.
function showLists() {
	runs.forEach((r, k) => {
		const hits = hitsOf(D.steps[at].r[k]), flags = slot => flagsOf(r.value.get(slot) || 0);
		const lists = r.lists.map((list, i) => ({ i, list, ...listTitle(r, i) }))
			.filter(l => l.list.length || /_file|, file|lru_add batch/.test(l.title) && l.rank < 1000)
			.sort((a, b) => a.rank - b.rank);
		keep($("lists-" + k), lists.map(l => `<div class="list" id="list-${k}-${l.i}"><span class="name"></span> <span class="count"></span><div class="chips" data-chips></div></div>`));
		for (const l of lists) {
			const [name, count, box] = $(`list-${k}-${l.i}`).children;
			if (name.title != l.title)
				name.innerHTML = term(l.term, name.title = l.title);
			count.textContent = plural(l.list.length, "folio");
			keep(box, chips(r, l.list, hits, flags));
			if (box.querySelector("[data-slot]") && !box.querySelector('[tabindex="0"]'))
				box.querySelector("[data-slot]").tabIndex = 0;
		}
	});
}

function showShadows() {
	put("shadows", perRun((r, d) => {
		if (!r.stamp.size)
			return "<p>none</p>";
		if (r.about.memcgs > 1)
			return `<p>${plural(r.stamp.size, "page")}; each cgroup has a clock of its own.</p>`;
		const number = name => r.n[r.index[name]], gens = r.about.gens;
		const now = number("clock_file0"), reach = number("reach_file0"), nowAnon = number("clock_anon0"), reachAnon = number("reach_anon0");
		const list = [];
		for (const [slot, stamp] of r.stamp) {
			const anon = r.value.get(slot) & PG.swapbacked, dist = (anon ? nowAnon : now) - stamp;
			list.push({ slot, dist, anon, recent: dist <= (anon ? reachAnon : reach) });
		}
		list.sort((a, b) => a.dist - b.dist || a.slot - b.slot);
		const rows = [];
		for (const { slot, dist, recent } of list) {
			const s = rows[rows.length - 1];
			if (s && Math.abs(slot - s.last) == 1 && fileOf(r, slot) == s.file && recent == s.recent) {
				s.last = slot; s.n++; s.to = dist;
			} else if (rows.length < 13 || !s) {
				rows.push({ first: slot, last: slot, n: 1, from: dist, to: dist, file: fileOf(r, slot), recent });
			} else {
				s.n++; // of those that are only counted
				s.file = -2;
			}
		}
		const shown = rows.slice(0, 12), far = Math.max(reach, ...shown.map(s => s.to), 1) * 1.05;
		const x = v => 170 + 400 * v / far, h = 22 * shown.length + 24;
		const unit = gens ? "generations" : "ticks";
		let svg = "", words = [];
		shown.forEach((s, i) => {
			let name = nameOf(r, s.first) + (s.n > 1 ? ".." + pageOf(r, s.last)[1] : "");
			const y = 4 + 22 * i, text = s.from == s.to ? `${s.from}` : `${s.from} to ${s.to}`;
			words.push(`${name}: ${text} ${unit}, ${s.recent ? "recent" : "not recent"}`);
			if (name.length > 20) name = name.slice(0, 19) + "…";
			svg += `<text x="0" y="${y + 13}">${escape(name)}</text><rect class="${s.recent ? "bar" : "other"}" x="170" y="${y + 3}" width="${Math.max(x(s.to) - 170, 1)}" height="12"/><text x="${x(s.to) + 4}" y="${y + 13}">${text}</text>`;
		});
		svg += `<line class="limit" x1="${x(reach)}" x2="${x(reach)}" y1="0" y2="${h - 18}"/><text x="${Math.min(x(reach), 470)}" y="${h - 4}">${list.some(e => e.anon) ? "files: " : ""}recent up to ${reach}</text>`;
		return `<p>${plural(list.length, "page")}; the clock is at ${now}</p><svg viewBox="0 0 660 ${h}" width="660" role="img" aria-label="${escape(words.join("; ") + "; recent up to " + reach)}">${svg}</svg>` +
			(rows.length > shown.length ? `<p class="more">… and ${plural(rows.slice(12).reduce((n, s) => n + s.n, 0), "page")} that left before</p>` : "");
	}));
}

// A refault distance as a length, and the lists with which it is compared
function figure(cause, text) {
	const distance = cause[1], names = ["inactive_anon", "active_anon", "inactive_file", "active_file"];
	const parts = names.map((name, i) => [name, cause[2 + i]]).filter(p => p[1]).reverse();
	const size = parts.reduce((n, p) => n + p[1], 0), far = Math.max(distance, size, 1), x = v => 500 * v / far;
	let html = `<text x="0" y="14">distance ${distance}</text><rect class="bar" x="0" y="20" width="${Math.max(x(distance), 1)}" height="16"/>`, from = 0;
	for (const [name, n] of parts) {
		html += `<rect class="part" x="${x(from)}" y="44" width="${Math.max(x(n), 1)}" height="16"/><text x="${x(from)}" y="76">${name} ${n}</text>`;
		from += n;
	}
	if (!size)
		html += `<text x="0" y="58">nothing is on the lists that it is compared with</text>`;
	return `<svg viewBox="0 0 620 82" width="620" role="img" aria-label="${escape(text)}">${html}<line class="limit" x1="${x(size)}" x2="${x(size)}" y1="16" y2="64"/></svg>`;
}

function showNow() {
	const step = D.steps[at];
	put("operation-text", `<span class="nr">${at == 0 ? "start" : step.a == step.o ? step.o : step.a + "–" + step.o} of ${D.nr_ops}</span> ${escape(step.t)}${step.d ? ` <span class="mark">${at == difference ? "the first difference" : "differs"}</span>` : ""}`);
	put("now", perRun((r, d) => {
		if (!d.e)
			return `<p>${at == 0 ? "Nothing has happened yet." : d.p || d.v || d.w ? "No folio changes, only page tables do." : "No folio changes."}</p>`;
		let html = "", figures = 0;
		const n = d.e.length / 5;
		for (let i = 0; i < n && i < 60; i++) {
			const [slot, nr, rule, what, cause] = d.e.slice(5 * i, 5 * i + 5), [fn, text, id] = D.rules[rule];
			const name = nameOf(r, slot) + (nr > 1 ? "-" + (pageOf(r, slot)[1] + nr - 1) : "");
			const why = cause < 0 ? null : d.x[cause], reason = why ? D.words[why[0]] : "";
			html += `<li><button class="chip ${colour(r, slot)}" data-slot="${slot}">${escape(name)}</button> <span class="arrow">${escape(D.words[what].replace("->", "→"))}</span> <span class="why"><code>${fn}()</code>: ${term(id, text)}${why ? `<br>${escape(reason)}` : ""}</span>${why && why.length > 1 && figures++ < 4 ? figure(why, reason) : ""}</li>`;
		}
		return `<ul class="events">${html}</ul>` + (n > 60 ? `<p class="more">… and ${plural(n - 60, "more change")} in this step</p>` : "");
	}, !!step.d));
}

const perms = f => (f & 1 ? "r" : "-") + (f & 2 ? "w" : "-") + (f & 4 ? "x" : "-") + (f & 8 ? "s" : "p");
const glyph = v => !v ? "n·" : v & PTE.swap ? "os" : (v & PTE.young ? "y" : "o") + (v & PTE.dirty ? (v & PTE.young ? "◆" : "◇") : v & PTE.young ? "■" : "□");
function showTables() {
	put("tables", perRun((r, d) => {
		const changed = new Map();
		for (let i = 0; d.p && i < d.p.length; i += 2) {
			const set = new Set();
			each(d.p[i + 1], true, vpn => set.add(vpn));
			changed.set(d.p[i], set);
		}
		const vmas = [...r.vmas.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
		let html = "", pid = -1;
		for (const [p, start, nr, flags, file, pgoff] of vmas) {
			const table = r.ptes.get(p) || new Map(), set = changed.get(p) || new Set();
			let present = 0, young = 0, dirty = 0, cells = "";
			// a large mapping: only what is there
			const some = nr > 512;
			for (let i = 0, gap = 0, run = "", c = "", hit = false; i <= nr; i++) {
				const v = i < nr ? table.get(start + i) || 0 : 0;
				present += v & PTE.present; young += v & PTE.young ? 1 : 0; dirty += v & PTE.dirty ? 1 : 0;
				const g = i < nr ? glyph(v) : "", h = set.has(start + i), cut = i < nr && !some && i % 16 == 0 && i;
				if (g[0] != c || h != hit || cut || i == nr) {
					if (run)
						cells += `<span class="${c}${hit ? " hit" : ""}">${run}</span>${cut ? " " : ""}`;
					run = ""; c = g[0]; hit = h;
				}
				if (some && !v && !h) { gap++; run = ""; c = ""; continue; }
				if (gap) { cells += ` <span class="n">…${gap}…</span> `; gap = 0; }
				run += g.slice(1);
			}
			if (p != pid)
				html += `<h3>process ${p}</h3>`;
			pid = p;
			const what = file < 0 ? "anonymous" : D.files[file][0] + (pgoff ? ":" + pgoff : "");
			html += `<div class="vma"><span class="mono">0x${start.toString(16)}</span> ${escape(what)} <span class="mono">${perms(flags)}</span>, ${plural(nr, "page")}: ${present} present, ${young} young, ${dirty} dirty<div class="ptes pte" aria-hidden="true">${cells.length < 20000 ? cells : cells.slice(0, cells.lastIndexOf("<span", 20000)) + " …"}</div></div>`;
		}
		return html || "<p>No process maps anything.</p>";
	}));
}

function showMemory() {
	put("memory", perRun(r => {
		const free = r.n[r.index.nr_free_pages], a = r.about, total = a.memcg_pages || a.memory_pages;
		if (!total)
			return "<p>No limit.</p>";
		const [min, low, high] = a.wmark, x = v => 600 * Math.min(v / total, 1);
		const words = a.memcg_pages ? `${free} of ${total} pages left below the limit` : `${free} of ${total} pages free; watermarks: min ${min}, low ${low}, high ${high}`;
		const ticks = a.memcg_pages ? "" : [min, low, high].map(v => `<line class="limit" x1="${x(v)}" x2="${x(v)}" y1="0" y2="24"/>`).join("");
		return `<p>${term(a.memcg_pages ? "memcg" : "watermark", words)}</p><svg viewBox="0 0 600 24" width="600" role="img" aria-label="${words}"><rect class="part" x="0" y="4" width="599" height="16"/><rect class="bar" x="0" y="4" width="${x(free)}" height="16"/>${ticks}</svg>`;
	}));
	const delta = runs.map((r, i) => { const m = new Map(), n = D.steps[at].r[i].n || []; for (let k = 0; k < n.length; k += 2) m.set(n[k], n[k + 1]); return m; });
	const head = runs.map(r => `<th scope="col">${runs.length > 1 ? escape(r.about.label) : "now"}</th><th scope="col">this step</th>`).join("");
	const rows = [];
	runs[0].about.numbers.forEach((name, i) => {
		if (!/\d$/.test(name) && runs.some(r => r.n[i]))
			rows.push(`<tr><td class="mono">${name}</td>${runs.map((r, k) => { const d = delta[k].get(i) || 0; return `<td>${r.n[i]}</td><td>${d > 0 ? "+" + d : d || ""}</td>`; }).join("")}</tr>`);
	});
	put("counters-head", `<tr><th scope="col">counter</th>${head}</tr>`);
	keep($("counters-body"), rows);
}

function eventsOf(d, slot) {
	const out = [];
	for (let i = 0; d.e && i < d.e.length; i += 5)
		if (slot >= d.e[i] && slot < d.e[i] + d.e[i + 1])
			out.push(d.e.slice(i, i + 5));
	return out;
}
// The life of the chosen page: steps and events of each run, and the steps of either
let life = [], steps = [];
function live() {
	life = runs.map((r, k) => D.steps.flatMap((step, i) => eventsOf(step.r[k], chosen).map(e => [i, e])));
	steps = [...new Set(life.flat().map(([i]) => i))].sort((a, b) => a - b);
}
function findEvent(from, dir) {
	const i = dir > 0 ? steps.find(i => i > from) : steps.filter(i => i < from).pop();
	return i === undefined ? -1 : i;
}
function showStory() {
	$("story-part").hidden = $("next").hidden = !chosen;
	if (!chosen)
		return;
	const name = nameOf(runs[0], chosen);
	$("story-head").textContent = "The life of " + name;
	$("next").textContent = "next event of " + name;
	$("next").disabled = findEvent(at, 1) < 0;
	put("story", perRun((r, d, k) => {
		let rows = "";
		const n = life[k].length;
		for (const [i, e] of life[k].slice(0, 200)) {
			const step = D.steps[i], why = e[4] < 0 ? "" : ` (${D.words[step.r[k].x[e[4]][0]]})`;
			rows += `<tr${i == at ? ' class="here"' : ""}><td><button data-step="${i}">${step.o}</button></td><td>${escape(D.words[e[3]].replace("->", "→"))}</td><td><code>${D.rules[e[2]][0]}()</code>: ${escape(D.rules[e[2]][1] + why)}</td></tr>`;
		}
		return rows ? `<div class="scroll"><table class="story"><thead><tr><th scope="col">operation</th><th scope="col">what</th><th scope="col">by which rule</th></tr></thead><tbody>${rows}</tbody></table></div>${n > 200 ? `<p class="more">… ${n - 200} more</p>` : ""}` : "<p>Nothing happens to it here.</p>";
	}));
}

function render() {
	const focus = document.activeElement, slot = focus && focus.dataset.slot;
	const part = slot && focus.closest("#lists, #now");
	showNow(); showLists(); showStory(); showShadows(); showTables(); showMemory();
	$("slider").value = at;
	$("slider").setAttribute("aria-valuetext", `operation ${D.steps[at].o}: ${D.steps[at].t}`);
	if (document.activeElement != $("operation"))
		$("operation").value = D.steps[at].o;
	$("first").disabled = $("back").disabled = at == 0;
	$("last").disabled = $("forward").disabled = at == last;
	if (part && !focus.isConnected)
		(part.querySelector(`[data-slot="${slot}"]`) || part.querySelector("[data-slot]") || $("forward")).focus({ preventScroll: true });
}

function show(to) {
	to = Math.max(0, Math.min(last, to));
	for (; at < to; at++)
		runs.forEach((r, i) => apply(r, D.steps[at + 1].r[i], 1));
	for (; at > to; at--)
		runs.forEach((r, i) => apply(r, D.steps[at].r[i], -1));
	render();
}
function choose(slot) {
	chosen = slot;
	live();
	render();
}
// the last step that is not behind the operation
function stepOf(operation) {
	let i = 0;
	while (i < last && D.steps[i + 1].a <= operation)
		i++;
	return i;
}
function play(on) {
	clearInterval(timer);
	timer = on ? setInterval(() => { if (at == last) play(false); else show(at + 1); }, 900) : 0;
	$("play").textContent = on ? "pause" : "play";
	$("play").setAttribute("aria-pressed", String(!!on));
}
const toNext = dir => { const i = chosen ? findEvent(at, dir) : -1; if (i >= 0) show(i); };
const toDifference = () => { if (difference >= 0) show(difference); };

// Controls

$("first").onclick = () => show(0);
$("back").onclick = () => show(at - 1);
$("forward").onclick = () => show(at + 1);
$("last").onclick = () => show(last);
$("play").onclick = () => play(!timer);
$("difference").onclick = toDifference;
$("next").onclick = () => toNext(1);
$("slider").max = last;
$("slider").oninput = e => show(+e.target.value);
$("operation").max = D.to;
$("operation").onchange = e => show(stepOf(+e.target.value));
document.addEventListener("click", e => {
	const el = e.target.closest("[data-slot], [data-step]");
	if (!el)
		return;
	if (el.dataset.slot)
		choose(chosen == +el.dataset.slot ? 0 : +el.dataset.slot);
	else
		show(+el.dataset.step);
});
document.addEventListener("keydown", e => {
	const el = e.target, chips = el.closest("[data-chips]");
	if (e.ctrlKey || e.metaKey || e.altKey || /^(number|range)$/.test(el.type) && e.key != "Escape")
		return;
	const move = e.key == "ArrowRight" ? "nextElementSibling" : e.key == "ArrowLeft" ? "previousElementSibling" : "";
	if (chips && move) {
		let to = el[move];
		while (to && !to.dataset.slot)
			to = to[move];
		if (to) { el.tabIndex = -1; to.tabIndex = 0; to.focus(); }
	} else if (e.key == "ArrowRight" || e.key == "n") show(at + 1);
	else if (e.key == "ArrowLeft" || e.key == "p") show(at - 1);
	else if (e.key == "Home") show(0);
	else if (e.key == "End") show(last);
	else if (e.key == " " && el.tagName != "BUTTON" && el.tagName != "SUMMARY") play(!timer);
	else if (e.key == "d") toDifference();
	else if (e.key == "e") toNext(1);
	else if (e.key == "E") toNext(-1);
	else if (e.key == "g") { $("operation").focus(); $("operation").select(); }
	else if (e.key == "Escape") $("forward").focus();
	else return;
	e.preventDefault();
});
function fromHash() {
	const m = /^#operation=(\d+)$/.exec(location.hash);
	if (m)
		show(stepOf(+m[1]));
}
addEventListener("hashchange", () => {
	fromHash();
	// from a text above the steps
	if (/^#operation=/.test(location.hash) && $("controls").getBoundingClientRect().top > innerHeight / 2)
		$("controls").scrollIntoView();
});

// What the test compares with the engine's text
window.reapsim = {
	show, get at() { return at; }, last, stepOf, difference,
	dump: () => runs.map(r => {
		const flags = slot => flagsOf(r.value.get(slot) || 0).replace("d", "");
		const lines = [];
		r.about.lists.forEach((l, i) => {
			if (l.cpu !== undefined || !r.lists[i].length)
				return;
			lines.push([listTitle(r, i), l.name, spans(r, r.lists[i], flags).map(s => nameOf(r, s.first) + (s.n > 1 ? ".." + pageOf(r, s.last)[1] : "") + s.f).join(" ")]);
		});
		const ages = ["youngest", "young", "old", "oldest"];
		const name = l => r.about.gens ? ages[l[0].rank % 10] + "_" + l[1].replace(/.*_/, "") : l[1];
		const text = lines.map(l => `${name(l)} | ${l[2]}`);
		for (let cpu = 0; cpu < r.about.cpus; cpu++) {
			const n = what => r.lists[r.about.lists.findIndex(l => l.cpu == cpu && l.name == what)].length;
			if (n("lru_add") || n("lru_activate"))
				text.push(`cpu ${cpu} batches | ${n("lru_add")} to be added, ${n("lru_activate")} to be activated`);
		}
		return text.sort().join("\n");
	}),
};

// Begin

$("lists").innerHTML = runs.map((r, k) => `<div class="run">${runs.length > 1 ? `<h3>${escape(r.about.label)}</h3>` : ""}<div id="lists-${k}"></div></div>`).join("");
document.body.classList.toggle("two", runs.length > 1);
$("about").textContent = runs.map(r => `${r.about.label}${r.about.label == r.about.lru + " LRU" ? "" : `, ${r.about.lru} LRU`} of v${r.about.kernel}`).join("; ") +
	`; operations ${D.from} to ${D.rest ? D.rest - 1 : D.to} of ${D.nr_ops}` + (D.some_pages ? "; only some pages" : "") +
	(D.process >= 0 ? `; only process ${D.process}` : "") + (D.every > 1 ? `; ${D.every} operations a step` : "");
if (D.rest) {
	$("notice").hidden = false;
	$("notice").textContent = `This page ends before operation ${D.rest}. "--from ${D.rest}" shows what follows; --limit, --every, --pages and --process fit more or less into a page.`;
}
$("difference").hidden = difference < 0;
runs.forEach((r, i) => apply(r, D.steps[0].r[i], 1));
render();
fromHash();
})();
