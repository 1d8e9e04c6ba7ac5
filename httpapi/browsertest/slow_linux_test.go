package browsertest

import (
	"os"
	"syscall"
)

// each lets processes go on, or stops them.
func each(list []*os.Process, on bool) {
	signal := syscall.SIGSTOP
	if on {
		signal = syscall.SIGCONT
	}
	for _, p := range list {
		p.Signal(signal)
	}
}
