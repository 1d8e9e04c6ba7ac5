package holdertest

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/kv"
	"carehold/record/kv/badger"
	"carehold/record/rows"
	"carehold/record/store"
)

// Restored makes a new store in dir of what was in another, as docs/format.md §16
// says, so that every record in it waits to be carried on: a new name, a new node
// key, no grants and no tokens, and an entry of the node's own, action, at the end
// of each log. The other store must be closed. It is written from the document and
// shares no code with record/backup, which it stands beside in tests.
func Restored(t testing.TB, from, dir string, action audit.Action) {
	t.Helper()
	if err := store.Init(dir); err != nil {
		t.Fatal(err)
	}
	old, new := openRows(t, from), openRows(t, dir)
	defer old.Close()
	defer new.Close()
	RestoredRows(t, old, new, action)
}

// Rows are a store's rows as they lie, and its node key.
type Rows struct {
	kv.Engine
	Node crypto.Key
}

func (x Rows) named(t testing.TB) rawStore {
	t.Helper()
	raw := rawStore{Rows: x}
	err := x.View(kv.Partition{}, func(r kv.Reader) error {
		row, err := r.Get([]byte("ms"))
		if err == nil {
			copy(raw.id[:], row[6:22]) // the first field: a tag, a length, the name
		}
		return err
	})
	if err == nil {
		raw.signer, err = audit.NewNodeSigner(raw.id, x.Node)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// RestoredRows is Restored for stores whose rows are at hand; the new one is empty.
func RestoredRows(t testing.TB, from, to Rows, action audit.Action) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	old, new := from.named(t), to.named(t)
	must(old.Partitions(func(part kv.Partition) error {
		var all [][2][]byte
		var head, ring []byte
		err := old.View(part, func(r kv.Reader) error {
			head, _ = r.Get(rows.HeadKey)
			ring, _ = r.Get(rows.RingKey)
			if part == (kv.Partition{}) || head == nil {
				return nil
			}
			return r.Scan(nil, nil, func(key, value []byte) (bool, error) {
				switch key[0] {
				case 'h', 'a', 'v', 'g':
				default:
					all = append(all, [2][]byte{append([]byte(nil), key...), append([]byte(nil), value...)})
				}
				return true, nil
			})
		})
		if err != nil || head == nil {
			return err
		}
		person := record.PersonID(part)
		p := rows.Person{ID: person}
		var ok bool
		if p.Head, ok = rows.ParseHead(head[rows.HeadMACSize:]); !ok {
			t.Fatal("a head that cannot be read")
		}
		must(old.View(part, p.Fill))
		if !p.Account.Waiting() {
			p.Account.From = old.id
			p.Account.Note, err = old.signer.Sign(person, p.Head.Log.Head())
			must(err)
		}
		p.Live.Grants = nil
		box, err := crypto.ParseBoxPublicKey(p.Account.Box)
		must(err)
		leaf, err := audit.NodeLeaf(box, person, p.Head.Log.Size, audit.Event{Time: time.Now(), Action: action})
		must(err)
		all = append(all, [2][]byte{rows.LeafKey(p.Head.Log.Size), leaf})
		p.Head.Log.Append(audit.LeafHash(leaf))
		p.Head.Used += uint64(len(leaf))
		account, live := p.Account.Marshal(), p.Live.Marshal()
		p.Head.Account, p.Head.Live = rows.HashOf(account), rows.HashOf(live)
		message := p.Head.Marshal()
		mac := new.Node.MAC(crypto.LabelHead, new.id[:], person[:], message)
		all = append(all, [2][]byte{rows.AccountKey, account}, [2][]byte{rows.LiveKey, live},
			[2][]byte{rows.HeadKey, append(mac[:], message...)})
		for len(all) > 0 { // in as many commits as it needs; the head is the last
			n, size := 0, 0
			for n < len(all) && size < new.MaxUpdate()/2 {
				size += len(all[n][0]) + len(all[n][1]) + kv.RowCost
				n++
			}
			must(new.Update(context.Background(), part, func(tx kv.Tx) error {
				for _, row := range all[:n] {
					tx.Put(row[0], row[1])
				}
				return nil
			}))
			all = all[n:]
		}
		x, ok := rows.ParseRing(ring)
		if !ok {
			t.Fatal("a ring row that cannot be read")
		}
		for _, slot := range x.Slots {
			var c rows.Capsule
			must(old.View(kv.Partition(slot.ID), func(r kv.Reader) error {
				row, err := r.Get(rows.CapsuleKey)
				c, ok = rows.ParseCapsule(slot.ID, row)
				return err
			}))
			c.Owner = rows.Hash(new.Node.MAC(crypto.LabelBelongs, new.id[:], slot.ID[:], person[:]))
			c.Check = rows.Hash(new.Node.MAC(crypto.LabelBelongs, new.id[:], slot.ID[:], c.Owner[:], []byte{c.State}, crypto.U32(c.Hour), c.Blob))
			must(new.Update(context.Background(), kv.Partition(slot.ID), func(tx kv.Tx) error {
				tx.Put(rows.CapsuleKey, c.Marshal())
				return nil
			}))
		}
		return nil
	}))
}

type rawStore struct {
	Rows
	id     record.StoreID
	signer *audit.NodeSigner
}

// openRows opens a store's rows as they lie on the disk.
func openRows(t testing.TB, dir string) Rows {
	t.Helper()
	fail := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(filepath.Join(dir, "node.key"))
	fail(err)
	var x Rows
	x.Node, err = crypto.KeyFrom(raw)
	fail(err)
	x.Engine, err = badger.Open(filepath.Join(dir, "db"), badger.Options{Key: x.Node.Derive(crypto.LabelAnchor).Bytes(),
		Anchored: rows.Anchored, Apart: rows.Apart, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	fail(err)
	return x
}
