#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0-only
"""Chromium with more tabs than memory: the tab that was used longest ago is discarded, that is,
its renderer is killed with SIGKILL, as by a low-memory killer, and loaded again when it is
used next.

	traces/record/workloads/chromium-tabs.py prepare DIR
	traces/record/record.sh -o chromium-tabs.perf.txt --cold -- \\
		traces/record/workloads/chromium-tabs.py run DIR [USES]

Needs the package chromium. Each page is a site of its own, so that it has a renderer of its
own; all come from a server in this process. The browser is driven by the DevTools protocol
through two pipes (--remote-debugging-pipe)."""

import http.server
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time

TABS = 6
KEPT = 3  # renderers that may live at a time


def prepare(folder):
    os.makedirs(folder, exist_ok=True)
    for tab in range(TABS):
        rng = random.Random(tab)
        words = ["".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randrange(3, 9)))
                 for _ in range(400)]
        functions = "\n".join(
            "function f%d(x) { let s = %d; for (const c of x) s = (s * 31 + c.length) | 0; return s; }"
            % (i, i * tab) for i in range(1500))
        rows = "\n".join(
            "<tr><td>%d</td><td>%s</td></tr>" % (i, " ".join(rng.choices(words, k=12)))
            for i in range(2000))
        with open(os.path.join(folder, "%d.html" % tab), "w", encoding="ascii") as page:
            page.write("<!DOCTYPE html><title>tab %d</title><script>%s\n"
                       "const data = []; for (let i = 0; i < 60000; i++)"
                       " data.push({ id: i, text: 'row ' + i * %d });\n"
                       "function use() { let n = 0; for (const d of data) n += d.text.length;"
                       " for (const r of document.querySelectorAll('td')) n += f%d(r.textContent);"
                       " return n; }</script><table>%s</table>" % (tab, functions, tab + 1, tab, rows))


class Browser:
    """The browser and its end of the protocol."""

    def __init__(self, folder, port):
        program = shutil.which("chromium") or sys.exit("no chromium; on Debian: apt-get install chromium")
        to_browser, self.out = os.pipe()
        self.inp, from_browser = os.pipe()

        def pipes():
            os.dup2(to_browser, 3)
            os.dup2(from_browser, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
             "--disable-extensions", "--disable-component-update", "--disable-background-networking",
             "--site-per-process",
             "--user-data-dir=" + os.path.join(folder, "profile"),
             "--host-resolver-rules=MAP *.example 127.0.0.1:%d" % port, "--remote-debugging-pipe"],
            preexec_fn=pipes, close_fds=False, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.buffer = b""
        self.last = 0
        self.crashed = set()  # pages whose renderer has died
        self.call("Target.setDiscoverTargets", discover=True)

    def read(self):
        while b"\0" not in self.buffer:
            more = os.read(self.inp, 1 << 16)
            if not more:
                sys.exit("chromium has ended")
            self.buffer += more
        text, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(text)
        if message.get("method") == "Target.targetCrashed":
            self.crashed.add(message["params"]["targetId"])
        return message

    def call(self, method, tab=None, **params):
        """The answer; None if the tab's renderer dies before it answers."""
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if tab:
            message["sessionId"] = tab.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while not tab or tab.target not in self.crashed:
            answer = self.read()
            if answer.get("id") == self.last:
                if "error" in answer:
                    sys.exit("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
        return None

    def renderers(self):
        return {p["id"] for p in self.call("SystemInfo.getProcessInfo")["processInfo"]
                if p["type"] == "renderer"}


def computed(pid):
    """How long a process has computed, in ticks."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[11])
    except FileNotFoundError:
        return 0


class Tab:
    """One page: its renderer is None while it is discarded."""

    def __init__(self, number):
        self.number = number
        self.target = self.session = self.renderer = None
        self.used = 0

    def load(self, browser, others):
        url = "http://tab%d.example/%d.html" % (self.number, self.number)
        before = {pid: computed(pid) for pid in browser.renderers()}
        if self.session is None:
            self.target = browser.call("Target.createTarget", url=url)["targetId"]
            self.session = browser.call("Target.attachToTarget", targetId=self.target,
                                        flatten=True)["sessionId"]
        else:
            browser.crashed.discard(self.target)
            browser.call("Page.navigate", self, url=url)
        while True:
            state = browser.call("Runtime.evaluate", self,
                                 expression="document.readyState == 'complete' && typeof use")
            if not state or state["result"].get("value") == "function":
                break
            time.sleep(0.05)
        # the one that has worked: it may have been there before, as a spare one
        self.renderer = max(browser.renderers() - {t.renderer for t in others},
                            key=lambda pid: computed(pid) - before.get(pid, 0))

    def use(self, browser, others, now):
        if self.renderer is None or self.target in browser.crashed:
            self.load(browser, others)
        browser.call("Runtime.evaluate", self, expression="use()")
        self.used = now

    def discard(self):
        os.kill(self.renderer, signal.SIGKILL)
        self.renderer = None


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that does not talk."""

    def log_message(self, *_):
        pass


def run(folder, uses):
    os.chdir(folder)
    shutil.rmtree("profile", ignore_errors=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser(folder, server.server_port)
    tabs = [Tab(i) for i in range(TABS)]
    rng = random.Random(1)
    discarded = 0
    for now in range(1, uses + 1):
        tab = tabs[min(int(rng.triangular(0, TABS, 0)), TABS - 1)]
        alive = [t for t in tabs if t.renderer is not None and t is not tab]
        if tab.renderer is None and len(alive) >= KEPT:
            oldest = min(alive, key=lambda t: t.used)
            oldest.discard()
            alive.remove(oldest)
            discarded += 1
            time.sleep(0.2)
        tab.use(browser, alive, now)
    browser.process.kill()
    browser.process.wait()
    print("%d uses, %d tabs discarded" % (uses, discarded))


def main():
    if len(sys.argv) not in (3, 4) or sys.argv[1] not in ("prepare", "run"):
        print("usage: chromium-tabs.py prepare|run DIR [USES]", file=sys.stderr)
        return 2
    folder = os.path.abspath(sys.argv[2])
    if sys.argv[1] == "prepare":
        prepare(folder)
    else:
        run(folder, int(sys.argv[3]) if len(sys.argv) == 4 else 24)
    return 0


if __name__ == "__main__":
    sys.exit(main())
