# SPDX-License-Identifier: LGPL-2.1-or-later
# cmake -DSOURCE=PAGE.scd -DPAGE=PAGE -DSCDOC=scdoc -DTOOL=vnet -P man.cmake
#
# Make a manual page of its source. The line @OPTIONS@ in it stands for what the tool says of its
# verbs and their options, so that these are written down once, in the option table.

file(READ ${SOURCE} text)
if(text MATCHES "\n@OPTIONS@\n")
	execute_process(COMMAND ${TOOL} --help-scdoc
		OUTPUT_VARIABLE options COMMAND_ERROR_IS_FATAL ANY)
	string(REPLACE "\n@OPTIONS@\n" "\n${options}" text "${text}")
endif()
file(WRITE ${PAGE}.scd "${text}")
execute_process(COMMAND ${SCDOC} INPUT_FILE ${PAGE}.scd OUTPUT_FILE ${PAGE}.new
	COMMAND_ERROR_IS_FATAL ANY)
file(RENAME ${PAGE}.new ${PAGE})
