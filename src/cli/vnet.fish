# SPDX-License-Identifier: GPL-2.0-or-later
# What vnet offers, for fish.

complete -c vnet -f -a '(vnet --complete (commandline -opc)[2..-1] (commandline -ct) 2>/dev/null)'
