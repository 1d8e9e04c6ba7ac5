//go:build !linux

package main

import (
	"errors"
	"time"
)

// What is measured is read from Linux's /proc; elsewhere the tool only builds.
var errLinux = errors.New("this measures on Linux only")

func ownCPU() time.Duration { return 0 }

func evict(string) error { return errLinux }

func onDisk(string) (int64, error) { return 0, errLinux }
