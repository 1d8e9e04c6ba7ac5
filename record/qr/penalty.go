package qr

import "rsc.io/qr/coding"

// penalty is how hard a code is to read (ISO/IEC 18004 §7.8.3.1).
func penalty(c *coding.Code) (p int) {
	dark := 0
	for i := range c.Size {
		p += line(c.Size, func(j int) bool { return c.Black(j, i) })
		p += line(c.Size, func(j int) bool { return c.Black(i, j) })
		for j := range c.Size {
			if c.Black(j, i) {
				dark++
			}
			// N2: a block of two by two.
			if i+1 < c.Size && j+1 < c.Size {
				if d := c.Black(j, i); d == c.Black(j+1, i) && d == c.Black(j, i+1) && d == c.Black(j+1, i+1) {
					p += 3
				}
			}
		}
	}
	// N4: for each whole 5 % that dark and light are apart from half.
	all := c.Size * c.Size
	return p + 10*(abs(2*dark-all)*10/all)
}

// line is what one row or column adds. Around the code it is light, and a corner's
// look-alike at its edge counts.
func line(n int, dark func(int) bool) (p int) {
	run, last := 0, uint(0)
	for i := -quiet; i < n+quiet; i++ {
		d := 0 <= i && i < n && dark(i)
		if i > 0 && i < n && d == dark(i-1) {
			run++
		} else {
			run = 1
		}
		// N1: five in a row, and each one more.
		if run == 5 {
			p += 3
		} else if run > 5 {
			p++
		}
		// N3: what looks like a corner, 1:1:3:1:1, with four light on one side and
		// at least one on the other.
		last = last << 1 & 0xfff
		if d {
			last |= 1
		}
		if last == 0b010111010000 || last == 0b000010111010 {
			p += 40
		}
	}
	return p
}

func abs(n int) int {
	if n < 0 {
		return -n
	}
	return n
}
