package holder_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"carehold/crypto"
	"carehold/record"
	"carehold/record/audit"
	"carehold/record/holder"
	"carehold/record/keys"
	"carehold/record/search"
	"carehold/record/statement"
	"carehold/record/store"
)

// tap keeps the statements that pass, as an operator could.
type tap struct {
	*local
	bodies []statement.Body
}

func (t *tap) Submit(ctx context.Context, signed []byte, invite string) (holder.Receipt, error) {
	s, _ := statement.Parse(signed)
	b, _ := statement.ParseBody(s.Body)
	t.bodies = append(t.bodies, b)
	return t.local.Submit(ctx, signed, invite)
}

// look makes an entry in the log under a grant.
func (l *local) look(token string) {
	l.t.Helper()
	v, err := l.View(context.Background(), token)
	if err != nil {
		l.t.Fatal(err)
	}
	defer v.Close()
	if _, err := v.Search(context.Background(), &search.Query{Type: "Observation", Types: []string{"Observation"}}, store.SearchOptions{}); err != nil {
		l.t.Fatal(err)
	}
}

// forger is a server whose operator has node.key and shows what log they like.
type forger struct {
	*local
	ring       holder.RingState
	leaves     [][]byte
	page       int // leaves in a page
	checkpoint func(statement.Head) []byte
	bend       func(*holder.LogPage)
}

func (f *forger) Ring(context.Context, record.PersonID, crypto.CapsuleID, uint64) (holder.RingState, error) {
	return f.ring, nil
}

func (f *forger) Log(_ context.Context, _ string, from uint64) (holder.LogPage, error) {
	size := uint64(len(f.leaves))
	if from > size {
		return holder.LogPage{}, record.Safef(record.Integrity, "there are no such entries")
	}
	to := min(size, from+uint64(f.page))
	p := holder.LogPage{From: from, Frontier: frontier(f.leaves[:from]).Marshal(), Leaves: f.leaves[from:to],
		Size: size, Checkpoint: f.checkpoint(frontier(f.leaves).Head())}
	if f.bend != nil {
		f.bend(&p)
	}
	return p, nil
}

func frontier(leaves [][]byte) (f audit.Frontier) {
	for _, leaf := range leaves {
		f.Append(audit.LeafHash(leaf))
	}
	return f
}

// scene is two people's logs, and a device that checked one of them at a time.
type scene struct {
	srv     *forger
	device  *holder.Holder
	leaves  [][]byte // as they truly are
	others  [][]byte // of somebody else on the same server
	seen    int      // how many the device had checked
	box     crypto.BoxPublicKey
	stolen  keys.TokenCapsule // what a grantee who helps the operator has
	signer  *audit.NodeSigner
	genuine []byte // the checkpoint of leaves
}

func newScene(t testing.TB) *scene {
	srv := &tap{local: newLocal(t)}
	h, kit := enrol(t, srv, srv.invite())
	other, _ := enrol(t, srv, srv.invite())
	sc := &scene{signer: srv.signer()}
	var err error
	if sc.box, err = crypto.ParseBoxPublicKey(srv.bodies[0].Identity.Box); err != nil {
		t.Fatal(err)
	}
	act := func(h *holder.Holder) holder.Issued {
		a, b := give(t, h, gp(0)), give(t, h, gp(0))
		srv.look(a.Token)
		srv.look(b.Token)
		if err := h.Revoke(t.Context(), b.Grant.ID); err != nil {
			t.Fatal(err)
		}
		srv.look(a.Token)
		srv.look(signIn(t, h))
		return a
	}
	act(other)
	doctor := act(h)
	c, err := crypto.ParseToken(doctor.Token)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range srv.bodies {
		for _, capsule := range b.Capsules {
			if opened, err := keys.OpenToken(c.CapsuleKey(), capsule); err == nil {
				sc.stolen = opened
			}
		}
	}
	checked(t, h)
	m := h.Memory()
	sc.seen = int(m.Log.Frontier.Size)
	act(h)
	srv.look(doctor.Token)
	act(other)

	ring, err := srv.Ring(t.Context(), h.Person(), kit.Recovery.Slot().CapsuleID(), m.Newest().Size)
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(h *holder.Holder) holder.LogPage {
		p, err := srv.Log(t.Context(), signIn(t, h), 0)
		if err != nil || len(p.Leaves) != int(p.Size) {
			t.Fatalf("fetching the log: %v", err)
		}
		return p
	}
	p := fetch(h)
	sc.leaves, sc.genuine = p.Leaves, p.Checkpoint
	sc.others = fetch(other).Leaves
	sc.srv = &forger{local: srv.local, ring: ring}
	sc.device = unlock(t, sc.srv, kit.Recovery.Slot(), m)
	return sc
}

// sign is the checkpoint that whoever has node.key can always make.
func (sc *scene) sign(h statement.Head) []byte {
	b, err := sc.signer.Sign(sc.device.Person(), h)
	if err != nil {
		panic(err)
	}
	return b
}

// attack changes a copy of the log. It returns nil where what it would have done
// is what an honest server could have shown: the end of the log left out, without
// a change of the person's own.
type attack func(sc *scene, r *rand.Rand, log [][]byte) [][]byte

// index picks a place the device has seen before.
func (sc *scene) old(r *rand.Rand) int { return r.IntN(sc.seen) }

func device(leaf []byte) bool { _, is := audit.DeviceSeq(leaf); return is }

var attacks = map[string]attack{
	"rollback": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte { return log[:sc.old(r)] },
	"truncate": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		n := sc.seen + r.IntN(len(log)-sc.seen)
		if !slices.ContainsFunc(log[n:], device) {
			return nil
		}
		return log[:n]
	},
	"fork": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		n := sc.old(r)
		end := slices.Clone(log[n:])
		r.Shuffle(len(end), func(i, j int) { end[i], end[j] = end[j], end[i] })
		return append(log[:n:n], end...)
	},
	"reorder": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i, j := r.IntN(len(log)), r.IntN(len(log))
		log[i], log[j] = log[j], log[i]
		return log
	},
	"flip": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := r.IntN(len(log))
		log[i] = bytes.Clone(log[i])
		log[i][r.IntN(len(log[i]))] ^= 1 << r.IntN(8)
		return log
	},
	"cut short": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := r.IntN(len(log))
		log[i] = log[i][:r.IntN(len(log[i]))]
		return log
	},
	"forge garbage": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := r.IntN(len(log))
		log[i] = append([]byte{byte(r.IntN(5))}, bytes.Repeat([]byte{byte(r.Uint32())}, 600)...)
		return log
	},
	"forge as the device": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := r.IntN(len(log))
		n, is := audit.DeviceSeq(log[i])
		if !is {
			n = record.Seq(1 + r.IntN(10))
		}
		log[i] = audit.DeviceLeaf(crypto.NewKey(), sc.device.Person(), n, audit.Event{Time: time.Now(), Action: audit.Grant, State: new(statement.Hash)})
		return log
	},
	// The operator can always seal an entry of the server's own, and with a
	// grantee's help one of theirs: not in the past.
	"forge as the server": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := sc.old(r)
		leaf, err := audit.NodeLeaf(sc.box, sc.device.Person(), uint64(i), audit.Event{Time: time.Now(), Action: audit.RingFetch})
		if err != nil {
			panic(err)
		}
		log[i] = leaf
		return log
	},
	"forge as a grantee": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := sc.old(r)
		log[i] = audit.GrantLeaf(sc.stolen.Audit, sc.device.Person(), sc.stolen.Grant, uint64(i), audit.Event{Time: time.Now(), Action: audit.Search})
		return log
	},
	"forge as a grantee, over a change": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := r.IntN(len(log))
		if !device(log[i]) {
			return nil
		}
		log[i] = audit.GrantLeaf(sc.stolen.Audit, sc.device.Person(), sc.stolen.Grant, uint64(i), audit.Event{Time: time.Now(), Action: audit.Search})
		return log
	},
	"drop": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := r.IntN(len(log))
		if i == len(log)-1 {
			return nil
		}
		return slices.Delete(log, i, i+1)
	},
	"insert": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		return slices.Insert(log, r.IntN(len(log)+1), log[r.IntN(len(log))])
	},
	"insert as the server": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := sc.old(r)
		leaf, err := audit.NodeLeaf(sc.box, sc.device.Person(), uint64(i), audit.Event{Time: time.Now(), Action: audit.RingFetch})
		if err != nil {
			panic(err)
		}
		return slices.Insert(log, i, leaf)
	},
	"another person's entry": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		i := r.IntN(min(len(log), len(sc.others)))
		log[i] = sc.others[i]
		return log
	},
	"another person's log": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		n := r.IntN(min(len(log), len(sc.others)))
		return append(log[:n:n], sc.others[n:]...)
	},
	"an entry again": func(sc *scene, r *rand.Rand, log [][]byte) [][]byte {
		log[r.IntN(len(log))] = log[r.IntN(len(log))]
		return log
	},
}

// A dishonest operator with node.key, and with a grantee's help, signs what they
// like. 2,000 random attacks; the device finds each.
func TestLogAttacks(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 300
	}
	sc := newScene(t)
	check := func() error {
		_, err := sc.device.Check(t.Context(), "")
		return err
	}
	sc.srv.leaves, sc.srv.page, sc.srv.checkpoint = sc.leaves, 10, func(statement.Head) []byte { return sc.genuine }
	before := sc.device.Memory()
	if err := check(); err != nil {
		t.Fatalf("the true log: %v", err)
	}
	after := sc.device.Memory()
	if before.Log.Frontier.Size == after.Log.Frontier.Size {
		t.Fatal("the check remembers nothing")
	}
	sc.device.Remember(before) // forget it, so that there is a part not seen yet
	names := make([]string, 0, len(attacks))
	for name := range attacks {
		names = append(names, name)
	}
	slices.Sort(names)
	r := rand.New(rand.NewPCG(11, 7))
	tried := map[string]int{}
	for total := 0; total < rounds; {
		name := names[r.IntN(len(names))]
		log := attacks[name](sc, r, slices.Clone(sc.leaves))
		if log == nil || slices.EqualFunc(log, sc.leaves, bytes.Equal) {
			continue
		}
		sc.srv.leaves, sc.srv.page, sc.srv.checkpoint = log, 1+r.IntN(len(sc.leaves)+1), sc.sign
		total++
		tried[name]++
		mustBeFound(t, fmt.Sprintf("%s, number %d", name, total), check())
		if m := sc.device.Memory(); m.Head() != before.Head() {
			t.Fatalf("%s: the device remembers the forged log", name)
		}
	}
	text, sum := "", 0
	for _, name := range names {
		text += fmt.Sprintf("\n%6d %s", tried[name], name)
		sum += tried[name]
	}
	t.Logf("%d attacks on a log of %d entries, %d of them seen before; found: %d%s", sum, len(sc.leaves), sc.seen, sum, text)
}

func mustBeFound(t *testing.T, name string, err error) {
	t.Helper()
	var tampered *audit.Tampered
	if !errors.As(err, &tampered) || !errors.Is(err, record.Integrity) {
		t.Fatalf("%s was not found: %v", name, err)
	}
}

// The true log under a checkpoint that is not the server's for it, or in pages
// that do not fit.
func TestCheckpointAttacks(t *testing.T) {
	sc := newScene(t)
	stranger, err := audit.NewNodeSigner(sc.srv.ID(), crypto.NewKey())
	if err != nil {
		t.Fatal(err)
	}
	signed := func(s *audit.NodeSigner, p record.PersonID, bend func(*statement.Head)) func(statement.Head) []byte {
		return func(h statement.Head) []byte {
			bend(&h)
			b, err := s.Sign(p, h)
			if err != nil {
				t.Fatal(err)
			}
			return b
		}
	}
	straight := func(*statement.Head) {}
	me := sc.device.Person()
	for name, checkpoint := range map[string]func(statement.Head) []byte{
		"signed by a stranger": signed(stranger, me, straight),
		"of another person":    signed(sc.signer, record.PersonID{1}, straight),
		"of another root":      signed(sc.signer, me, func(h *statement.Head) { h.Root[3] ^= 1 }),
		"of a longer log":      signed(sc.signer, me, func(h *statement.Head) { h.Size++ }),
		"of a shorter log":     signed(sc.signer, me, func(h *statement.Head) { h.Size-- }),
		"none":                 func(statement.Head) []byte { return nil },
	} {
		sc.srv.leaves, sc.srv.page, sc.srv.checkpoint = sc.leaves, 7, checkpoint
		_, err := sc.device.Check(t.Context(), "")
		mustBeFound(t, name, err)
		_, err = sc.device.CheckNew(t.Context(), "")
		mustBeFound(t, name+", from the last check on", err)
		_, err = sc.device.History(t.Context(), "", 3)
		mustBeFound(t, name+", in the history", err)
	}
	sc.srv.checkpoint = sc.sign
	for name, bend := range map[string]func(*holder.LogPage){
		"other entries than asked for": func(p *holder.LogPage) { p.From++ },
		"nothing":                      func(p *holder.LogPage) { p.Leaves = nil },
		"more than there is":           func(p *holder.LogPage) { p.Size = p.From },
	} {
		sc.srv.bend = bend
		_, err := sc.device.Check(t.Context(), "")
		mustBeFound(t, name, err)
	}
}

// What comes after the last check is found wrong by the short check too, and
// what was before need not be fetched for it.
func TestCheckNew(t *testing.T) {
	sc := newScene(t)
	sc.srv.page, sc.srv.checkpoint = 9, sc.sign
	before := sc.device.Memory()
	for name, bend := range map[string]func([][]byte) [][]byte{
		"a change dropped": func(log [][]byte) [][]byte {
			i := sc.seen + slices.IndexFunc(log[sc.seen:], device)
			return slices.Delete(log, i, i+1)
		},
		"the past rewritten": func(log [][]byte) [][]byte { log[0] = log[1]; return log },
		"wound back":         func(log [][]byte) [][]byte { return log[:sc.seen-1] },
		"damage": func(log [][]byte) [][]byte {
			log[len(log)-1] = append(bytes.Clone(log[len(log)-1]), 0)
			return log
		},
	} {
		sc.srv.leaves = bend(slices.Clone(sc.leaves))
		_, err := sc.device.CheckNew(t.Context(), "")
		if name == "wound back" { // this server says so itself
			if !errors.Is(err, record.Integrity) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		mustBeFound(t, name, err)
	}
	sc.srv.leaves = sc.leaves
	if sc.device.Memory().Head() != before.Head() {
		t.Fatal("a failed check is remembered")
	}
	r, err := sc.device.CheckNew(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if int(r.From) != sc.seen || int(r.Head.Size) != len(sc.leaves) {
		t.Errorf("checked from %d to %d, want %d to %d", r.From, r.Head.Size, sc.seen, len(sc.leaves))
	}
}

// Another device makes grants, and they are used, while this one checks.
func TestCheckWhileOthersChange(t *testing.T) {
	srv := newLocal(t)
	h, kit := enrol(t, srv, srv.invite())
	other := unlock(t, srv, kit.Recovery.Slot(), holder.Memory{})
	busy := &between{local: srv, then: func() { srv.look(give(t, other, gp(0)).Token) }}
	u := unlock(t, busy, kit.Recovery.Slot(), h.Memory())
	for range 3 {
		if _, err := u.Check(t.Context(), signIn(t, u)); err != nil {
			t.Fatal(err)
		}
		if _, err := u.CheckNew(t.Context(), signIn(t, u)); err != nil {
			t.Fatal(err)
		}
		list, err := u.History(t.Context(), signIn(t, u), 5)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range list {
			if e.Index != uint64(5+i) {
				t.Fatalf("entry %d of the history has index %d", i, e.Index)
			}
		}
	}
}

// between lets something happen before each page of the log.
type between struct {
	*local
	then func()
}

func (b *between) Log(ctx context.Context, token string, from uint64) (holder.LogPage, error) {
	b.then()
	return b.local.Log(ctx, token, from)
}

// A device that remembers nothing still has the keyring, and the keyring has the
// trail: not even somebody who once had all the keys, and the server on their
// side, can rewrite what the person changed.
func TestChangesAreBoundToTheKeyring(t *testing.T) {
	sc := newScene(t)
	sc.srv.page, sc.srv.checkpoint = 50, sc.sign
	tried := 0
	for i := sc.seen; i < len(sc.leaves); i++ {
		n, is := audit.DeviceSeq(sc.leaves[i])
		if !is {
			continue
		}
		sc.device.Remember(holder.Memory{})
		log := slices.Clone(sc.leaves)
		e, err := sc.device.Reader().Open(uint64(i), log[i])
		if err != nil {
			t.Fatal(err)
		}
		e.Event.Text = "did something else"
		log[i] = sc.device.ForgeLeaf(n, e.Event)
		sc.srv.leaves = log
		_, err = sc.device.Check(t.Context(), "")
		mustBeFound(t, fmt.Sprintf("change %d rewritten", n), err)
		tried++
	}
	// And a change that the keyring knows nothing of.
	forged := sc.device.ForgeLeaf(record.Seq(8), audit.Event{Time: time.Now(), Action: audit.Grant, Text: "gave", State: new(statement.Hash)})
	sc.srv.leaves = append(slices.Clone(sc.leaves), forged)
	_, err := sc.device.Check(t.Context(), "")
	mustBeFound(t, "a change that was never made", err)
	if tried != 3 {
		t.Errorf("%d changes rewritten, want 3", tried)
	}
	sc.srv.leaves = sc.leaves
	if _, err := sc.device.Check(t.Context(), ""); err != nil {
		t.Errorf("the true log: %v", err)
	}
}
