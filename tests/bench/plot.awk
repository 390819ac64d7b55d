# SPDX-License-Identifier: LGPL-2.1-or-later
#
# plot.awk - how costs grow, as SVG: one panel for each measure, both axes logarithmic, a line for each
# variant, with its name beside it. Reads the lines of tests/bench/run that begin with "grow".

BEGIN {
	FS = "\t"
	WIDTH = 460; HEIGHT = 340 # of a panel
	LEFT = 62; RIGHT = 30; TOP = 34; BOTTOM = 46; LEGEND = 20
	what["ports"] = "ports of the bridge"
	what["networks"] = "networks"
	what["fdb"] = "entries of the forwarding database"
	ncolours = split("#4e79a7 #f28e2b #59a14f #b07aa1 #e15759 #76b7b2 #9c755f", colours, " ")
}

function log10(v) { return log(v) / log(10) }
function floor(v) { return v < int(v) ? int(v) - 1 : int(v) }
function ceil(v) { return -floor(-v) }

function text(s) {
	gsub(/&/, "\\&amp;", s)
	gsub(/</, "\\&lt;", s)
	return s
}

$1 == "grow" && $5 > 0 {
	if (!($2 in panel)) {
		panel[$2] = ++npanels
		title[npanels] = what[$2]
	}
	p = panel[$2]
	if (!((p, $3) in series)) {
		series[p, $3] = ++nseries[p]
		name[p, nseries[p]] = $3
	}
	s = series[p, $3]
	n = ++points[p, s]
	x[p, s, n] = log10($4)
	y[p, s, n] = log10($5 / 1e3)
	if (!seen[p]++ || x[p, s, n] < xmin[p])
		xmin[p] = x[p, s, n]
	if (seen[p] == 1 || x[p, s, n] > xmax[p])
		xmax[p] = x[p, s, n]
	if (!all++ || y[p, s, n] < ymin)
		ymin = y[p, s, n]
	if (all == 1 || y[p, s, n] > ymax)
		ymax = y[p, s, n]
}

function at_x(p, v) {
	return LEFT + (p - 1) * WIDTH + (v - x0[p]) / (x1[p] - x0[p]) * (WIDTH - LEFT - RIGHT)
}

function at_y(v) { return TOP + (y1 - v) / (y1 - y0) * (HEIGHT - TOP - BOTTOM) }

function axes(p,    d, where) {
	for (d = y0; d <= y1; d++) {
		where = at_y(d)
		printf "<path class=\"grid\" d=\"M%.1f %.1fH%.1f\"/>\n", at_x(p, x0[p]), where, at_x(p, x1[p])
		printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g ms</text>\n", \
			at_x(p, x0[p]) - 6, where + 4, 10 ^ d
	}
	for (d = ceil(x0[p]); d <= x1[p]; d++) {
		where = at_x(p, d)
		printf "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", where, at_y(y1), at_y(y0)
		printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>\n", where, at_y(y0) + 16, 10 ^ d
	}
	printf "<text class=\"title\" x=\"%.1f\" y=\"%d\">%s</text>\n", at_x(p, x0[p]), TOP - 12, text(title[p])
}

function line(p, s,    n, colour, down) {
	colour = colours[(s - 1) % ncolours + 1]
	printf "<path class=\"line\" stroke=\"%s\" d=\"", colour
	for (n = 1; n <= points[p, s]; n++)
		printf "%s%.1f %.1f", n == 1 ? "M" : "L", at_x(p, x[p, s, n]), at_y(y[p, s, n])
	print "\"/>"
	for (n = 1; n <= points[p, s]; n++)
		printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n", \
			at_x(p, x[p, s, n]), at_y(y[p, s, n]), colour
	down = HEIGHT + (s - 1) * LEGEND
	printf "<path class=\"line\" stroke=\"%s\" d=\"M%.1f %.1fh22\"/>\n", colour, at_x(p, x0[p]), down - 4
	printf "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n", at_x(p, x0[p]) + 30, down, text(name[p, s])
}

END {
	if (!npanels) {
		print "plot.awk: nothing that grows: want one of ports, networks, fdb" >"/dev/stderr"
		exit 1
	}
	y0 = floor(ymin); y1 = ceil(ymax)
	if (y1 == y0)
		y1++
	for (p = 1; p <= npanels; p++) {
		x0[p] = xmin[p]; x1[p] = xmax[p] > xmin[p] ? xmax[p] : xmin[p] + 1
		if (nseries[p] > most)
			most = nseries[p]
	}
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" ", npanels * WIDTH, HEIGHT + most * LEGEND
	print "font-family=\"sans-serif\" font-size=\"12\">"
	print "<style>.grid{stroke:#ccc}.line{fill:none;stroke-width:2}.title{font-size:14px;font-weight:bold}</style>"
	print "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
	for (p = 1; p <= npanels; p++) {
		axes(p)
		for (s = 1; s <= nseries[p]; s++)
			line(p, s)
	}
	print "</svg>"
}
