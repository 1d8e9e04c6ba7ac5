//go:build !linux

package main

func harden() { hardenUnix() }

func dumpable() bool { return false }
