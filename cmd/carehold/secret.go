package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"carehold/crypto"
)

// minPassphrase is how many characters a new passphrase has at least. Eight would
// be few for a passphrase alone. Here it is stretched together with 128 random
// bits that never leave this device: whoever copies the server cannot try
// passphrases at all, and whoever finds the device must try them through
// Argon2id. Longer rules are what people write down on the lid.
const minPassphrase = 8

// credentialPassphrase is the name under systemd's LoadCredential.
const credentialPassphrase = "carehold.passphrase"

const maxSecretFile = 4096

// source is where a secret comes from when it is not typed: a file somebody
// named, or one that systemd gave us; "" for the terminal.
func (a *app) source(file, credential string) string {
	if file == "" && credential != "" {
		if dir := a.env("CREDENTIALS_DIRECTORY"); dir != "" {
			path := filepath.Join(dir, credential)
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
	}
	return file
}

// input opens a file to be read; "-" is stdin.
func (a *app) input(path string) (io.ReadCloser, error) {
	switch {
	case path != "-":
		return os.Open(path)
	case a.stdin == nil:
		return nil, errors.New("there is no stdin to read from")
	}
	return io.NopCloser(a.stdin), nil
}

// readSecretFile reads the first line of a file; "-" is stdin. A file descriptor
// is /dev/fd/3.
func (a *app) readSecretFile(path string) ([]byte, error) {
	r, err := a.input(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if f, ok := r.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && othersMayRead(info.Mode()) {
			a.note("others on this machine may read %s: chmod 600 %s", path, path)
		}
	}
	b, err := readAllLimited(r, maxSecretFile)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	b = bytes.TrimSuffix(bytes.TrimSuffix(b, []byte("\n")), []byte("\r"))
	switch {
	case len(b) == 0:
		return nil, fmt.Errorf("there is nothing in %s", path)
	case bytes.ContainsAny(b, "\n\r"):
		return nil, fmt.Errorf("%s has more than one line", path)
	}
	return b, nil
}

// passphrase asks for the one that opens the record on this device, and says
// whether somebody typed it.
func (a *app) passphrase(prompt string) (s crypto.Secret, typed bool, err error) {
	if path := a.source(a.passphraseFile, credentialPassphrase); path != "" {
		b, err := a.readSecretFile(path)
		return crypto.SecretOf(b), false, err
	}
	t, err := a.terminal()
	if err != nil {
		return crypto.Secret{}, false, noTerminal("the passphrase", "--passphrase-file")
	}
	defer t.close()
	b, err := t.secret(prompt)
	if err == nil && len(b) == 0 {
		err = coded(exitLocked, errors.New("no passphrase was typed"), "")
	}
	return crypto.SecretOf(b), true, err
}

// newPassphrase asks for a passphrase that is to be, twice. flag is the one that names
// the file.
func (a *app) newPassphrase(file, flag, prompt string) (crypto.Secret, error) {
	if path := a.source(file, ""); path != "" {
		b, err := a.readSecretFile(path)
		if err == nil {
			err = strong(b)
		}
		return crypto.SecretOf(b), err
	}
	t, err := a.terminal()
	if err != nil {
		return crypto.Secret{}, noTerminal("a passphrase", flag)
	}
	defer t.close()
	for {
		first, err := t.secret(prompt)
		if err != nil {
			return crypto.Secret{}, err
		}
		if err := strong(first); err != nil {
			fmt.Fprint(t.out, wrap("", sentence(err.Error()), 80))
			continue
		}
		again, err := t.secret("The same again, so that a slip is found: ")
		if err != nil {
			return crypto.Secret{}, err
		}
		one, two := crypto.SecretOf(first), crypto.SecretOf(again)
		same := one.Equal(two)
		two.Destroy()
		if same {
			return one, nil
		}
		one.Destroy()
		fmt.Fprintln(t.out, "These two were not the same. Nothing was kept; please type it again.")
	}
}

// strong refuses a passphrase that is too short. Characters are counted as the
// key derivation sees them.
func strong(b []byte) error {
	if !utf8.Valid(b) {
		return errors.New("the passphrase is not UTF-8 text")
	}
	typed := norm.NFKC.Append(nil, b...) // a copy: Bytes may return b itself
	defer clear(typed)
	if n := utf8.RuneCount(typed); n < minPassphrase {
		return fmt.Errorf("a passphrase needs at least %d characters, and this has %d; a few words that you will remember are better than signs that you will not", minPassphrase, n)
	}
	return nil
}

func noTerminal(what, flag string) error {
	return coded(exitLocked, fmt.Errorf("%s has to be typed, and there is no terminal", what),
		flag+" FILE reads it from a file; - is stdin, /dev/fd/3 a descriptor")
}
