//go:build js && wasm

package main

import (
	"context"
	"syscall/js"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/holder"
)

func main() {
	js.Global().Set("carehold", map[string]any{
		"enrol":  promised(enrol),
		"unlock": promised(unlock),
	})
	if ready := js.Global().Get("careholdReady"); ready.Type() == js.TypeFunction {
		ready.Invoke()
	}
	select {}
}

func enrol(ctx context.Context, args []js.Value) (any, error) {
	srv, with := server{arg(args, 0)}, arg(args, 1)
	secret := crypto.SecretString(text(with, "passphrase"))
	defer secret.Destroy()
	h, kit, err := holder.Enrol(ctx, srv, holder.Enrolment{
		Invite: text(with, "invite"), Passphrase: secret, Label: text(with, "label"), Name: text(with, "name"),
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"holder": object(h, srv), "deviceKey": kit.DeviceKey.Text(), "recovery": kit.Recovery.Text()}, nil
}

func unlock(ctx context.Context, args []js.Value) (any, error) {
	slot, err := credential(arg(args, 1))
	if err != nil {
		return nil, err
	}
	defer slot.Destroy()
	var m holder.Memory
	if b := bytesOf(arg(args, 2)); len(b) > 0 {
		if m, err = holder.ParseMemory(b); err != nil {
			return nil, record.Safef(record.Invalid, "what this device remembers of the record cannot be read")
		}
	}
	srv := server{arg(args, 0)}
	h, err := holder.Unlock(ctx, srv, slot, m)
	if err != nil {
		return nil, err
	}
	return object(h, srv), nil
}

// credential makes the credential of whichever slot is given.
func credential(v js.Value) (crypto.Credential, error) {
	invalid := func(err error) (crypto.Credential, error) {
		return crypto.Credential{}, record.Safef(record.Invalid, "%w", err)
	}
	switch {
	case text(v, "recovery") != "":
		code, err := crypto.ParseRecoveryCode(text(v, "recovery"))
		if err != nil {
			return invalid(err)
		}
		return code.Slot(), nil
	case text(v, "deviceKey") != "":
		key, err := crypto.ParseDeviceKey(text(v, "deviceKey"))
		if err != nil {
			return invalid(err)
		}
		secret := crypto.SecretString(text(v, "passphrase"))
		defer secret.Destroy()
		return crypto.PassphraseSlot(key, secret), nil
	}
	prf := bytesOf(get(v, "prf"))
	defer clear(prf)
	c, err := crypto.PasskeySlot(prf)
	if err != nil {
		return invalid(err)
	}
	return c, nil
}
