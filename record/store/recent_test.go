package store

import "testing"

// What was asked for lately stays, of as many as may be; what was made of what was read
// before something was dropped is not kept after.
func TestRecent(t *testing.T) {
	r := recent[int, string]{most: 10}
	r.keep(-1, "often")
	for i := range 100 {
		r.keep(i, "once")
		if v, there := r.get(-1); !there || v != "often" {
			t.Fatalf("gone after %d others", i)
		}
		if n := len(r.newer) + len(r.old); n > 20 {
			t.Fatalf("%d are kept", n)
		}
	}
	then := r.now()
	r.keepSince(1000, "new", then)
	if _, there := r.get(1000); !there {
		t.Error("not kept, and nothing was dropped")
	}
	r.drop(func(k int, _ string) bool { return k != 1000 })
	r.keepSince(1000, "made before", then)
	if v, there := r.get(1000); there {
		t.Errorf("%q is kept", v)
	}
	if _, there := r.get(-1); !there {
		t.Error("dropped what was to be kept")
	}
	then = r.now()
	r.remove(-1)
	r.keepSince(-1, "made before", then)
	if v, there := r.get(-1); there {
		t.Errorf("%q is kept", v)
	}
	then = r.now()
	r.clear()
	r.keepSince(1, "made before", then)
	if len(r.newer)+len(r.old) > 0 {
		t.Error("something is left")
	}
	none := recent[int, string]{}
	none.keep(1, "x")
	if _, there := none.get(1); there {
		t.Error("kept where nothing may be")
	}
}
