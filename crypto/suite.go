package crypto

import (
	"runtime"

	"golang.org/x/sys/cpu"
)

// preferredSuite is AES-256-GCM where the processor does AES itself, and
// ChaCha20-Poly1305 elsewhere, the browser included.
func preferredSuite() Suite {
	hardware := false
	switch runtime.GOARCH {
	case "amd64", "386":
		hardware = cpu.X86.HasAES && cpu.X86.HasPCLMULQDQ
	case "arm64":
		// x/sys/cpu cannot tell on macOS, where every arm64 processor has AES.
		hardware = cpu.ARM64.HasAES || runtime.GOOS == "darwin"
	case "s390x":
		hardware = cpu.S390X.HasAESGCM
	}
	if hardware {
		return AES256GCM
	}
	return ChaCha20Poly1305
}
