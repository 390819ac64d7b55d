# SPDX-License-Identifier: LGPL-2.1-or-later
# The Debian packages, by the target package: a component each. What CPack leaves to be done with
# their files is done by cmake/deb/prepare.cmake. Needs dpkg-dev.

set(VNET_MAINTAINER "vnet <vnet@packages.invalid>" CACHE STRING "Maintainer that the packages name")

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_VENDOR vnet)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "") # each package has its own
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL library devel)
if(VNET_TOOL)
	list(APPEND CPACK_COMPONENTS_ALL tool)
endif()
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
	OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/cmake/deb/prepare.cmake)
set(CPACK_VN_DEB ${PROJECT_BINARY_DIR}/deb)
set(CPACK_VN_STATIC ${VN_SMALL_HELPERS})
set(CPACK_VN_PREFIX ${CMAKE_INSTALL_PREFIX})

set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SOURCE vnet)
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${VNET_MAINTAINER})
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# vn_package(COMPONENT NAME SECTION DEPENDS DESCRIPTION CONTROL...): the package NAME; the files
# CONTROL beside its control file come from cmake/deb; symbols is made by prepare.cmake.
function(vn_package component name section depends description)
	string(TOUPPER ${component} key)
	foreach(file IN LISTS ARGN)
		if(NOT file STREQUAL symbols)
			configure_file(cmake/deb/${file} deb/${file} @ONLY)
		endif()
		list(APPEND control ${PROJECT_BINARY_DIR}/deb/${file})
	endforeach()
	foreach(value NAME SECTION DEPENDS)
		string(TOLOWER ${value} from)
		set(CPACK_DEBIAN_${key}_PACKAGE_${value} ${${from}} PARENT_SCOPE)
	endforeach()
	set(CPACK_DEBIAN_${key}_PACKAGE_CONTROL_EXTRA "${control}" PARENT_SCOPE)
	set(CPACK_DEBIAN_${key}_DESCRIPTION ${description} PARENT_SCOPE)
	install(FILES cmake/deb/copyright DESTINATION share/doc/${name}
		COMPONENT ${component} EXCLUDE_FROM_ALL)
endfunction()

set(library libvnet${VN_SOVERSION})
vn_package(library ${library} libs ""
"networks for virtual machines and network namespaces
libvnet makes bridges that guests and the host share, with the host's network
card as the way out if wanted, and serves DHCP on them. A change happens whole
or leaves no trace, also when it is killed.

This package holds the shared library."
	shlibs symbols triggers)
configure_file(cmake/deb/symbols.in deb/symbols.in @ONLY)
set(CPACK_DEBIAN_LIBRARY_PACKAGE_RECOMMENDS "vnet")
vn_package(devel libvnet-dev libdevel
	"${library} (= ${PROJECT_VERSION}), libcap-ng-dev, libmnl-dev"
"networks for virtual machines and network namespaces: development
libvnet makes bridges that guests and the host share, with the host's network
card as the way out if wanted, and serves DHCP on them. A change happens whole
or leaves no trace, also when it is killed.

This package holds the headers, the static library and what pkg-config needs.")
if(VNET_TOOL)
	vn_package(tool vnet net "dnsmasq-base"
"networks for virtual machines and network namespaces, without a daemon
vnet makes bridges that guests and the host share, with the host's network
card as the way out if wanted, serves DHCP on them, and connects the taps of
QEMU. A change happens whole or leaves no trace, also when it is killed, and
what vnet has not made it does not touch."
		prerm postrm)
	set(CPACK_DEBIAN_TOOL_PACKAGE_SUGGESTS "qemu-system")
	install(FILES cmake/deb/lintian-overrides DESTINATION share/lintian/overrides RENAME vnet
		COMPONENT tool EXCLUDE_FROM_ALL)
	install(FILES README.md DESTINATION share/doc/vnet COMPONENT tool EXCLUDE_FROM_ALL)
	install(DIRECTORY examples USE_SOURCE_PERMISSIONS DESTINATION share/doc/vnet
		COMPONENT tool EXCLUDE_FROM_ALL FILES_MATCHING PATTERN "*.sh")
endif()
file(GLOB examples CONFIGURE_DEPENDS examples/*.c examples/*.py)
if(examples)
	install(FILES ${examples} DESTINATION share/doc/libvnet-dev/examples
		COMPONENT devel EXCLUDE_FROM_ALL)
endif()

# The changelog: what README.md says is new in this version.
file(READ README.md news)
if(NOT news MATCHES "\n### ${PROJECT_VERSION},[^\n]*\n\n([^#]*)")
	message(FATAL_ERROR "README.md: no news of version ${PROJECT_VERSION}")
endif()
string(STRIP "${CMAKE_MATCH_1}" news)
string(REPLACE "\n" "\n  " news "${news}")
string(REGEX REPLACE "(^|  )- " "\\1* " news "${news}")
string(TIMESTAMP date "%a, %d %b %Y %H:%M:%S +0000" UTC)
file(WRITE ${PROJECT_BINARY_DIR}/deb/changelog "vnet (${PROJECT_VERSION}) unstable; urgency=medium

  ${news}

 -- ${VNET_MAINTAINER}  ${date}
")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS README.md)

include(CPack)
