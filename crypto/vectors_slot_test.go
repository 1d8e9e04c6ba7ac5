package crypto

import "testing"

// slotVector is what every slot comes to.
type slotVector struct {
	Secret     hexed
	CapsuleID  hexed `json:"capsule_id"`
	CapsuleKEK hexed `json:"capsule_kek"`
}

func (v slotVector) check(t testing.TB, name string, c Credential, kind Kind) {
	t.Helper()
	if c.Kind() != kind {
		t.Errorf("%s: kind %c", name, c.Kind())
	}
	id, key := c.CapsuleID(), c.CapsuleKey()
	same(t, name+" secret", c.secret.b()[:], v.Secret)
	same(t, name+" id", id[:], v.CapsuleID)
	same(t, name+" id of the key", key.ID[:], v.CapsuleID)
	same(t, name+" kek", key.KEK.b()[:], v.CapsuleKEK)
}

func TestVectorsPassphrase(t *testing.T) {
	var file struct {
		Opens []struct {
			slotVector
			Name, Passphrase string
			DeviceKey        string `json:"device_key"`
		}
		DeviceKeys []struct {
			Name, Expect, Text string
			Key                hexed
		} `json:"device_keys"`
	}
	readVectors(t, "passphrase", &file)
	atLeast(t, len(file.Opens), 14)
	atLeast(t, len(file.DeviceKeys), 19)
	for _, v := range file.DeviceKeys {
		d, err := ParseDeviceKey(v.Text)
		if v.Expect != "ok" {
			if err != ErrDeviceKey || !d.IsZero() {
				t.Errorf("%s: %q accepted", v.Name, v.Text)
			}
			continue
		}
		if err != nil || d.Text() != v.Text {
			t.Fatal(v.Text, err)
		}
		same(t, v.Text, d.key()[:], v.Key)
	}
	for i, v := range file.Opens {
		if testing.Short() && i > 3 {
			break // each costs 64 MiB and a sixth of a second
		}
		d, err := ParseDeviceKey(v.DeviceKey)
		if err != nil {
			t.Fatal(err)
		}
		v.check(t, v.Name, PassphraseSlot(d, SecretString(v.Passphrase)), SlotPassphrase)
	}
}

func TestVectorsRecovery(t *testing.T) {
	var file struct {
		Opens []struct {
			slotVector
			Bits  hexed
			Text  string
			Typed []string
		}
		Refused []struct{ Name, Typed string }
	}
	readVectors(t, "recovery", &file)
	atLeast(t, len(file.Opens), 4)
	atLeast(t, len(file.Refused), 97)
	for _, v := range file.Opens {
		for _, typed := range v.Typed {
			r, err := ParseRecoveryCode(typed)
			if err != nil {
				t.Errorf("%q: %v", typed, err)
				continue
			}
			same(t, typed, r.bits()[:], v.Bits)
			if r.Text() != v.Text {
				t.Errorf("%q written as %q", typed, r.Text())
			}
			v.check(t, typed, r.Slot(), SlotRecovery)
		}
	}
	for _, v := range file.Refused {
		if r, err := ParseRecoveryCode(v.Typed); err != ErrRecovery || !r.IsZero() {
			t.Errorf("%s: %q accepted", v.Name, v.Typed)
		}
	}
}

func TestVectorsPasskey(t *testing.T) {
	var file struct {
		Opens []struct {
			slotVector
			PRF hexed
		}
		Refused []struct {
			Name string
			PRF  hexed
		}
	}
	readVectors(t, "passkey", &file)
	atLeast(t, len(file.Opens), 3)
	atLeast(t, len(file.Refused), 6)
	for _, v := range file.Opens {
		c, err := PasskeySlot(v.PRF)
		if err != nil {
			t.Fatal(err)
		}
		v.check(t, "passkey", c, SlotPasskey)
	}
	for _, v := range file.Refused {
		if c, err := PasskeySlot(v.PRF); err != ErrPRF || !c.IsZero() {
			t.Errorf("%s accepted", v.Name)
		}
	}
}
