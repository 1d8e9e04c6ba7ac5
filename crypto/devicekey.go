package crypto

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
)

// DeviceKey is the second secret beside a passphrase: 128 random bits, made and
// kept on one device. With it, what is at rest on the server is as strong as 128
// bits whatever the passphrase. It is written as a version character, which
// fixes the cost of the passphrase's hash, and 26 characters of base32; the
// server never chooses that cost.
type DeviceKey struct {
	redact
	version byte
	key     hidden[[deviceKeySize]byte]
}

const (
	deviceKeySize = 16
	deviceVersion = '1' // of the device keys made now
	deviceText    = 1 + 26
)

var deviceEncoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// ErrDeviceKey is for a device key that is not one, or is of a later version.
var ErrDeviceKey = errors.New("this is not a device key, or it is of a version that this program does not know")

// NewDeviceKey makes a device key of the newest version.
func NewDeviceKey() (d DeviceKey) {
	guarded(func() {
		key := new([deviceKeySize]byte)
		rand.Read(key[:])
		d = DeviceKey{version: deviceVersion, key: hide(key)}
	})
	return d
}

// Text writes the device key for keeping on its device, in a file of mode 0600.
func (d DeviceKey) Text() string {
	return string(rune(d.version)) + deviceEncoding.EncodeToString(d.key()[:])
}

// ParseDeviceKey reads what Text wrote, and nothing else: 26 characters hold 130
// bits, and the two left over must be zero.
func ParseDeviceKey(text string) (d DeviceKey, err error) {
	guarded(func() { d, err = parseDeviceKey(text) })
	return d, err
}

func parseDeviceKey(text string) (DeviceKey, error) {
	if len(text) != deviceText {
		return DeviceKey{}, ErrDeviceKey
	}
	if _, known := argonCosts[text[0]]; !known {
		return DeviceKey{}, ErrDeviceKey
	}
	b, err := deviceEncoding.DecodeString(text[1:])
	if err != nil || len(b) != deviceKeySize || allZero(b) {
		return DeviceKey{}, ErrDeviceKey
	}
	d := DeviceKey{version: text[0], key: hide((*[deviceKeySize]byte)(b))}
	if d.Text() != text {
		return DeviceKey{}, ErrDeviceKey
	}
	return d, nil
}

// IsZero reports whether d is no device key.
func (d DeviceKey) IsZero() bool { return d.key == nil }
