// SPDX-License-Identifier: LGPL-2.1-or-later

package rebind

import "runtime"

// sysSetns is the number of setns(2), which package syscall does not have for every machine.
var sysSetns = map[string]uintptr{
	"386": 346, "amd64": 308, "arm": 375, "arm64": 268, "loong64": 268, "mips": 4344, "mipsle": 4344,
	"mips64": 5303, "mips64le": 5303, "ppc64": 350, "ppc64le": 350, "riscv64": 268, "s390x": 339,
}[runtime.GOARCH]
