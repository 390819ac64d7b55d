# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What vnet offers, for bash.

_vnet()
{
	mapfile -t COMPREPLY < <(vnet --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}

complete -F _vnet vnet
