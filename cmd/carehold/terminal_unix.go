//go:build !windows

package main

import "os"

// openTerminal opens the terminal of this process, whatever its streams are.
func openTerminal() (*terminal, error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	return &terminal{in: tty, out: tty, close: func() { tty.Close() }}, nil
}
