/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef VNET_VNET_H
#define VNET_VNET_H

/* Everything: networks for virtual machines and namespaces. */

#include <vnet/addr.h>
#include <vnet/error.h>
#include <vnet/guest.h>
#include <vnet/leases.h>
#include <vnet/log.h>
#include <vnet/mode.h>
#include <vnet/net.h>
#include <vnet/object.h>
#include <vnet/plan.h>
#include <vnet/snapshot.h>
#include <vnet/spec.h>
#include <vnet/version.h>

#endif /* VNET_VNET_H */
