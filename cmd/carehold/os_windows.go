package main

import "io/fs"

// On Windows files have no mode bits; a user's profile folder is their own.

func othersMayRead(fs.FileMode) bool { return false }

func lockFile(string) (func(), error) { return func() {}, nil }

func hardenUnix() {}

func coreLimit() (uint64, bool) { return 0, false }
