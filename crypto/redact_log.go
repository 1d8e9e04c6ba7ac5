//go:build !js

package crypto

import "log/slog"

// LogValue is apart because slog brings encoding/json, and the browser's core
// has no log: 27 KB of it.
func (redact) LogValue() slog.Value { return slog.StringValue(redacted) }
