# SPDX-License-Identifier: LGPL-2.1-or-later
# Run by CPack between installing the components and packing them. CPack's own shlibdeps and shlibs
# would add scripts that call ldconfig, where a trigger does.

# Programs know the directory of the helpers.
if(NOT CPACK_VN_PREFIX STREQUAL "/usr")
	message(FATAL_ERROR "built for ${CPACK_VN_PREFIX}: want CMAKE_INSTALL_PREFIX=/usr")
endif()

# run(RET COMMAND...): its output.
function(run ret)
	execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${CPACK_VN_DEB}
		OUTPUT_VARIABLE output OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
	set(${ret} "${output}" PARENT_SCOPE)
endfunction()

# strip(PATTERN... BY OPTIONS...): as debhelper does.
function(strip)
	cmake_parse_arguments(arg "" "" "BY" ${ARGN})
	file(GLOB files ${arg_UNPARSED_ARGUMENTS})
	if(files)
		run(output strip -R .comment -R .note ${arg_BY} ${files})
	endif()
endfunction()

# The package of this component: its changelog, compressed manual pages, stripped binaries, and in
# Depends what these link.
macro(prepare component)
	string(TOUPPER ${component} key)
	set(root ${CPACK_TEMPORARY_DIRECTORY}/${component})
	set(doc ${root}/usr/share/doc/${CPACK_DEBIAN_${key}_PACKAGE_NAME})
	file(MAKE_DIRECTORY ${doc})
	run(output fmt -t -w 78 changelog)
	file(WRITE ${doc}/changelog "${output}\n")
	file(GLOB files ${doc}/changelog ${root}/usr/share/man/*/*)
	run(output gzip -9nf ${files})

	strip(${root}/usr/lib/*/*.a BY -D --strip-debug)
	strip(${root}/usr/lib/*/*.so.*.* BY --strip-unneeded)
	strip(${root}/usr/bin/* ${root}/usr/libexec/* BY --strip-all)

	file(GLOB files ${root}/usr/bin/* ${root}/usr/libexec/* ${root}/usr/lib/*/*.so.*.*)
	list(FILTER files EXCLUDE REGEX "/(${static})$")
	if(files)
		file(MAKE_DIRECTORY ${root}/DEBIAN) # so that dpkg-shlibdeps knows what it looks at
		run(output dpkg-shlibdeps -O ${files})
		file(REMOVE_RECURSE ${root}/DEBIAN)
		string(REGEX REPLACE "^shlibs:Depends=" "" output "${output}")
		set(depends ${CPACK_DEBIAN_${key}_PACKAGE_DEPENDS})
		list(APPEND depends ${output})
		list(JOIN depends ", " CPACK_DEBIAN_${key}_PACKAGE_DEPENDS)
	endif()
endmacro()

# dpkg-shlibdeps wants to be where a source package is.
file(MAKE_DIRECTORY ${CPACK_VN_DEB}/debian)
file(WRITE ${CPACK_VN_DEB}/debian/control "")
string(JOIN "|" static ${CPACK_VN_STATIC})
foreach(component IN LISTS CPACK_COMPONENTS_ALL)
	prepare(${component})
endforeach()

file(GLOB library ${CPACK_TEMPORARY_DIRECTORY}/library/usr/lib/*/*.so.*.*)
run(output dpkg-gensymbols -c4 -q -p${CPACK_DEBIAN_LIBRARY_PACKAGE_NAME}
	-v${CPACK_PACKAGE_VERSION} -e${library} -I${CPACK_VN_DEB}/symbols.in
	-O${CPACK_VN_DEB}/symbols)
