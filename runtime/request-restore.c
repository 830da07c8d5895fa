// SPDX-License-Identifier: LGPL-2.1-or-later
#include "runtime/operation.h"

int request_restore(struct operation *op)
{
	return operation_refuse(op, -EOPNOTSUPP, "not yet");
}
