// Command residue works with keys as a server does, from several goroutines and
// under garbage collection, and lets them go: TestResidue reads its memory and
// looks for what stayed behind. What it is given it reads into one array for each
// goroutine, and overwrites: there is no other copy but those of the package.
package main

import (
	"io"
	"log"
	"os"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"carehold/crypto"
)

const (
	keys      = 200
	workers   = 4
	tokenSize = 54
	plainSize = 512
	boxEncap  = 1120
)

var (
	blobSize = crypto.SealedSize(plainSize)
	stdin    sync.Mutex
	taken    byte // how many keys
	buffers  [workers][tokenSize + 4<<10]byte

	holding sync.Mutex
	held    []any

	// What stays alive among the keys, so that the collector cannot give their
	// pages back whole: in a server there always is something.
	neighbours [][]byte

	// Half of the keys are destroyed, as their holders should; half are only dropped.
	toDestroy []func()
)

func main() {
	var all sync.WaitGroup
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(5 * time.Millisecond):
				runtime.GC() // while guards are open
			}
		}
	}()
	for w := range workers {
		all.Go(func() {
			for range keys / workers {
				work(&buffers[w])
			}
		})
	}
	all.Wait()
	close(stop)
	pause("held\n")
	for _, destroy := range toDestroy {
		destroy()
	}
	held, toDestroy = nil, nil
	runtime.GC()
	time.Sleep(100 * time.Millisecond) // for crypto/ed25519, whose cache of keys lets go by a cleanup
	runtime.GC()
	pause("dropped\n")
}

// pause says where we are and waits for a byte.
func pause(where string) {
	os.Stdout.WriteString(where)
	var b [1]byte
	os.Stdin.Read(b[:])
}

// work is what one key goes through.
func work(b *[tokenSize + 4<<10]byte) {
	token, blob := b[:tokenSize], b[tokenSize:tokenSize+blobSize]
	capsule := b[tokenSize+blobSize : tokenSize+2*blobSize]
	box := b[tokenSize+2*blobSize : tokenSize+3*blobSize+boxEncap]
	stdin.Lock()
	_, err := io.ReadFull(os.Stdin, b[:tokenSize+3*blobSize+boxEncap])
	number := taken
	taken++
	stdin.Unlock()
	must(err)

	// The text is not copied: this program's copies are not what is measured.
	c, err := crypto.ParseToken(unsafe.String(&token[0], len(token)))
	must(err)
	clear(token)
	door := c.CapsuleKey()
	secret, err := door.Open(7, capsule)
	must(err)
	k, err := crypto.KeyFrom(secret[:crypto.KeySize])
	must(err)

	plain, err := k.Open(crypto.NewContext(crypto.ContextEntry), blob)
	must(err)
	drawn := crypto.NewKey()
	sealed := k.Seal(crypto.NewContext(crypto.ContextPrev), drawn.Bytes())
	_, err = os.Stdout.Write(append([]byte{number}, sealed...)) // whoever has the key may know the other
	must(err)
	derived := k.Derive(crypto.LabelSection, []byte{1})
	derived.ID(crypto.LabelEntryID)
	derived.MAC(crypto.LabelHead, plain[:8])
	derived.Tagger(crypto.LabelTag).Tag(crypto.RandomID(), 1)
	copied := derived.Clone()

	seed := k.Derive(crypto.LabelSealSeed)
	opener := crypto.NewBoxKey(seed)
	boxed, err := opener.Open(crypto.NewContext(crypto.ContextRoot), box)
	must(err)
	pen := k.Derive(crypto.LabelCheckpoint)
	signer := crypto.NewSigningKey(pen)
	signer.Sign(crypto.SignStatement, plain[:8])

	holding.Lock()
	defer holding.Unlock()
	for size := 16; size <= 4<<10; size *= 2 {
		neighbours = append(neighbours, make([]byte, size))
	}
	held = append(held, c, c.Token(), door, secret, k, drawn, plain, derived, copied, seed, opener, boxed, pen, signer)
	if len(toDestroy) < keys/2*4 {
		toDestroy = append(toDestroy, c.Destroy, door.KEK.Destroy, k.Destroy, derived.Destroy)
	}
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
