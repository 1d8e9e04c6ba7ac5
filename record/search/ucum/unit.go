package ucum

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Unit is what an expression comes to: a value of it, times Factor, plus Offset, is
// a value in base units.
type Unit struct {
	Factor, Offset *big.Rat // not to be changed
	dim            []power  // in order of base; none is 0
	scale          bool     // of temperature: it multiplies with nothing
}

// power is a base unit, or one that stands alone, and its exponent.
type power struct{ unit, exp int }

// Dimension is the product of base units that the unit measures in: "g.m-3", "1"
// for a mere number.
func (u Unit) Dimension() string {
	if len(u.dim) == 0 {
		return "1"
	}
	var b strings.Builder
	for i, p := range u.dim {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(table().names[p.unit])
		if p.exp != 1 {
			b.WriteString(strconv.Itoa(p.exp))
		}
	}
	return b.String()
}

// maxBits bounds what multiplying can cost; a factor in use has less than a hundred.
const maxBits = 4096

var one = Unit{Factor: big.NewRat(1, 1), Offset: new(big.Rat)}

// times is u × v^exp; exp is small. ok is false when there is no such unit.
func (u Unit) times(v Unit, exp int) (Unit, bool) {
	if exp == 0 {
		return u, !v.scale
	}
	if u.scale || v.scale {
		// A scale stands alone: nothing but itself, once.
		if exp == 1 && !u.scale && len(u.dim) == 0 && u.Factor.Cmp(one.Factor) == 0 {
			return v, true
		}
		return Unit{}, false
	}
	w := Unit{Factor: new(big.Rat).Mul(u.Factor, pow(v.Factor, exp)), Offset: one.Offset}
	if w.Factor.Num().BitLen() > maxBits || w.Factor.Denom().BitLen() > maxBits {
		return Unit{}, false
	}
	w.dim = slices.Clone(u.dim)
	for _, p := range v.dim {
		i, found := slices.BinarySearchFunc(w.dim, p, func(a, b power) int { return cmp.Compare(a.unit, b.unit) })
		if !found {
			w.dim = slices.Insert(w.dim, i, power{unit: p.unit})
		}
		if w.dim[i].exp += p.exp * exp; w.dim[i].exp == 0 {
			w.dim = slices.Delete(w.dim, i, i+1)
		}
	}
	return w, true
}

func pow(r *big.Rat, exp int) *big.Rat {
	n, d := r.Num(), r.Denom()
	if exp < 0 {
		n, d, exp = d, n, -exp
	}
	e := big.NewInt(int64(exp))
	return new(big.Rat).SetFrac(new(big.Int).Exp(n, e, nil), new(big.Int).Exp(d, e, nil))
}

// atom is a unit with a name of its own.
type atom struct {
	unit   Unit
	metric bool
}

type tables struct {
	atoms map[string]atom
	names []string // of what a power is of
}

var table = sync.OnceValue(func() *tables {
	t := &tables{atoms: map[string]atom{}}
	add := func(name string, metric bool) {
		t.atoms[name] = atom{Unit{Factor: one.Factor, Offset: one.Offset, dim: []power{{len(t.names), 1}}}, metric}
		t.names = append(t.names, name)
	}
	for _, name := range base {
		add(name, true)
	}
	for line := range strings.Lines(strings.TrimSpace(alone)) {
		name, metric, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		add(name, metric == "m")
	}
	kelvin := t.atoms["K"].unit
	for name, s := range scales {
		u := Unit{dim: kelvin.dim, scale: true}
		u.Factor, _ = new(big.Rat).SetString(s.factor)
		u.Offset, _ = new(big.Rat).SetString(s.offset)
		t.atoms[name] = atom{u, s.metric == "m"}
	}
	for line := range strings.Lines(strings.TrimSpace(atoms)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		u, err := t.parse(f[3])
		if err != nil {
			panic("ucum: " + f[0] + ": " + err.Error()) // the table's own; each stands after what it is made of
		}
		value, _ := new(big.Rat).SetString(f[2])
		u.Factor = new(big.Rat).Mul(u.Factor, value)
		t.atoms[f[0]] = atom{u, f[1] == "m"}
	}
	return t
})

// symbol is the unit of an atom, with a prefix or without.
func (t *tables) symbol(s string) (Unit, bool) {
	if a, ok := t.atoms[s]; ok {
		return a.unit, true
	}
	for n := 2; n > 0; n-- {
		if len(s) <= n {
			continue
		}
		exp, ok := prefixes[s[:n]]
		a := t.atoms[s[n:]]
		if !ok || !a.metric {
			continue
		}
		u := a.unit // a prefix of Cel counts degrees: the zero stays
		u.Factor = new(big.Rat).Mul(u.Factor, pow(big.NewRat(10, 1), exp))
		return u, true
	}
	return Unit{}, false
}
