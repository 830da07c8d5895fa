// SPDX-License-Identifier: LGPL-2.1-or-later
module rebind

go 1.19
