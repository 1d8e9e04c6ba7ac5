package crypto

import (
	"bytes"
	"compress/zlib"
	"crypto/sha512"
	"encoding/json"
	"io"
	"os"
	"testing"
)

// TestPublishedChunkedEncryption opens the published vectors of the construction
// that sealing follows: a blob is one of its messages behind the suite's byte.
func TestPublishedChunkedEncryption(t *testing.T) {
	b, err := os.ReadFile("testdata/wycheproof/c2sp_chunked_encryption_aes_256_gcm_test.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		NumberOfTests int
		TestGroups    []struct {
			AEAD  string
			Tests []struct {
				TCID            int
				Comment, Result string
				Key, Ctx, Ct    hexed
				MsgLength       int
				MsgSHA512       hexed
			}
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	ran := 0
	for _, g := range file.TestGroups {
		if g.AEAD != AES256GCM.aeadName() {
			t.Fatal(g.AEAD)
		}
		for _, v := range g.Tests {
			ran++
			z, err := zlib.NewReader(bytes.NewReader(v.Ct))
			if err != nil {
				t.Fatal(err)
			}
			blob := []byte{byte(AES256GCM)}
			message, err := io.ReadAll(z)
			if err != nil {
				t.Fatal(err)
			}
			blob = append(blob, message...)
			k, err := KeyFrom(v.Key)
			if err != nil {
				if v.Result == "valid" {
					t.Errorf("%d, %s: %v", v.TCID, v.Comment, err)
				}
				continue
			}
			got, err := k.Open(Context{v.Ctx}, blob)
			if (err == nil) != (v.Result == "valid") {
				t.Errorf("%d, %s: %v", v.TCID, v.Comment, err)
				continue
			}
			if err != nil {
				continue
			}
			if sum := sha512.Sum512(got); len(got) != v.MsgLength || !bytes.Equal(sum[:], v.MsgSHA512) {
				t.Errorf("%d, %s: %d bytes, or others than meant", v.TCID, v.Comment, len(got))
			}
			// The other way round: the same salt gives the same blob.
			if !bytes.Equal(k.sealWithSalt(AES256GCM, Context{v.Ctx}, got, [saltSize]byte(message)), blob) {
				t.Errorf("%d, %s: sealed otherwise", v.TCID, v.Comment)
			}
		}
	}
	if ran != file.NumberOfTests || ran < 35 {
		t.Errorf("%d of %d vectors", ran, file.NumberOfTests)
	}
}
