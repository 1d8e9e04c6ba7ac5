package main

import "os"

// openTerminal opens the console of this process, whatever its streams are.
func openTerminal() (*terminal, error) {
	in, err := os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	out, err := os.OpenFile("CONOUT$", os.O_WRONLY, 0)
	if err != nil {
		in.Close()
		return nil, err
	}
	return &terminal{in: in, out: out, close: func() { in.Close(); out.Close() }}, nil
}
