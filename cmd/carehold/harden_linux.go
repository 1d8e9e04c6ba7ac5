package main

import "golang.org/x/sys/unix"

// harden is called before anything else. A process that is not dumpable leaves
// no core to a handler either (core_pattern with a pipe passes RLIMIT_CORE by),
// and other processes of the same user may not trace it.
func harden() {
	hardenUnix()
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}

func dumpable() bool {
	v, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	return err != nil || v != 0
}
