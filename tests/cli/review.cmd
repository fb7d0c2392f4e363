# How THREAD.md gets its numbers: queries, Holm's correction, tables in both forms, and what is
# refused.
review() { awk -v form="$1" -v width=72 -f "$SRC/traces/studies/review/review.awk" part.csv other.csv text.in; }
cat >part.csv <<'END'
trace,machine,limit_pages,kernel,lru,policy,against,ends_as,counter,members,against_mean,percent,low_percent,high_percent,p
a.csv,75%,10,7.3,classic,v1,baseline,mrelease,sim_fills,16,1000,20.5,10,31,0.0001
b.rtrace,vm:75%,10,7.3,classic,v1,baseline,mrelease,sim_fills,16,20,-0.4,-3,2.25,0.03
c.csv,75%,10,7.3,classic,v1,baseline,mrelease,sim_fills,16,3.14159,0,0,0,1
d-1.rtrace,75%,10,7.3,classic,v1,baseline,mrelease,sim_fills,16,0.25,12345,inf,inf,0.00002
END
printf 'trace,again\na,7\nb,95\n' >other.csv
cat >text.in <<'END'
#! not printed
# A heading with {{same part policy=v1}}

Of four cells {{tally part policy=v1}}; {{sum part policy=v1}}. b can be noise, as its p of 0.03 times 2 is above 0.05. It spans
`{{span part policy=v1}}`; {{value other trace=b again}} and [a link](x.md) and {{range other again}}.

@head trace | reads | change
@rows trace part policy=v1 | $ | {{base part trace=$}} | {{cell part trace=$}}
@row none | |

    code stays
END
review md
review mail
refused() {
	echo "$1" >text.in
	review md
	echo "exit $?"
}
refused '{{cell part policy=v2}}'
refused '{{cell part policy=v1}}'
refused '{{cell prat policy=v1}}'
refused '{{cell part polcy=v1}}'
refused '{{sel part policy=v1}}'
refused '{{cell part'
printf '%s\n' '@head a | b' "@row $(printf '%072d' 0) | 1" >text.in
review mail
echo "exit $?"
