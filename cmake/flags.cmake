# SPDX-License-Identifier: LGPL-2.1-or-later
# The flags of every target, as the interface library vn_flags. A flag that the compiler refuses
# stops the configuration: nothing is probed and silently dropped.

set(VN_WARNINGS
	-Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wold-style-definition -Wundef -Wpointer-arith -Wcast-qual -Wwrite-strings -Wformat=2
	-Wvla -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
	-Wconversion -Wno-sign-conversion)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	list(APPEND VN_WARNINGS -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()

set(VN_HARDENING -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|AMD64|i[3-6]86)$")
	list(APPEND VN_HARDENING -fcf-protection)
endif()

set(VN_LINK LINKER:-O1 LINKER:--as-needed LINKER:-z,relro LINKER:-z,now LINKER:-z,noexecstack)

if(VNET_SANITIZE)
	set(VN_OPTIMIZE -O1 -g -fno-omit-frame-pointer)
	set(VN_SANITIZERS -fsanitize=${VNET_SANITIZE} -fno-sanitize-recover=all)
	list(APPEND VN_LINK ${VN_SANITIZERS})
else()
	# CMake's Release says -O3; our options come after its own.
	set(VN_OPTIMIZE $<$<CONFIG:Release>:-O2>)
	set(VN_SANITIZERS "")
	list(APPEND VN_LINK LINKER:-z,defs)
endif()

# What the fuzzer goes by, and what its coverage is counted by. Clang alone has them.
if(VNET_FUZZ)
	set(VN_FUZZ -fsanitize=fuzzer-no-link -fprofile-instr-generate -fcoverage-mapping)
	list(APPEND VN_SANITIZERS ${VN_FUZZ})
	list(APPEND VN_LINK ${VN_FUZZ})
endif()

# The sanitizers have checks of their own in the place of _FORTIFY_SOURCE, and at -O0 it does
# nothing but warn.
set(VN_FORTIFY "")
if(NOT VNET_SANITIZE AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
	include(CheckCSourceCompiles)
	check_c_source_compiles("
		#include <features.h>
		#if !__GLIBC_PREREQ(2, 34)
		#error level 3 is unknown
		#endif
		int main(void) { return 0; }" VN_FORTIFY_HAS_3)
	set(VN_FORTIFY_LEVEL $<IF:$<BOOL:${VN_FORTIFY_HAS_3}>,3,2>)
	set(VN_FORTIFY -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=${VN_FORTIFY_LEVEL})
endif()

set(VN_ANALYZE "")
if(VNET_ANALYZE)
	set(VN_ANALYZE "SHELL:-include ${PROJECT_SOURCE_DIR}/tests/lib/analyzer.h")
endif()

set(VN_COMPILE -fvisibility=hidden ${VN_WARNINGS} ${VN_HARDENING} ${VN_SANITIZERS})

# One compilation tries them all; -Werror turns an unknown -W into an error for clang, too.
if(NOT "${VN_FLAGS_ACCEPTED}" STREQUAL "${CMAKE_C_COMPILER};${VN_COMPILE}")
	set(probe ${CMAKE_BINARY_DIR}/CMakeFiles/vn_flags_probe.c)
	file(WRITE ${probe} "int main(void)\n{\n\treturn 0;\n}\n")
	execute_process(
		COMMAND ${CMAKE_C_COMPILER} -std=gnu17 -Werror ${VN_COMPILE} -c ${probe} -o ${probe}.o
		RESULT_VARIABLE failed ERROR_VARIABLE output)
	if(failed)
		message(FATAL_ERROR "${CMAKE_C_COMPILER} refuses a flag:\n${output}")
	endif()
	set(VN_FLAGS_ACCEPTED "${CMAKE_C_COMPILER};${VN_COMPILE}" CACHE INTERNAL "")
endif()

include(CheckPIESupported)
check_pie_supported(OUTPUT_VARIABLE VN_PIE_OUTPUT LANGUAGES C)
if(NOT CMAKE_C_LINK_PIE_SUPPORTED)
	message(FATAL_ERROR "no position independent executables:\n${VN_PIE_OUTPUT}")
endif()

add_library(vn_flags INTERFACE)
target_compile_options(vn_flags INTERFACE
	-std=gnu17 ${VN_COMPILE} ${VN_ANALYZE} ${VN_OPTIMIZE} ${VN_FORTIFY} $<$<BOOL:${VNET_WERROR}>:-Werror>)
target_link_options(vn_flags INTERFACE ${VN_LINK})
