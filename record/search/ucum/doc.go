// Package ucum converts units of measure: it reads a UCUM expression and says what
// one of it is in base units.
//
// # The words
//
//   - An atom is a unit with a name of its own: m, L, [lb_av], mm[Hg] is m[Hg]
//     with the prefix m. A metric atom takes prefixes.
//   - A Unit is what an expression comes to: a Dimension and a factor, exact, with
//     an offset for the scales of temperature.
//   - Two units convert into one another when their dimensions are equal.
//
// # What is read
//
// UCUM's case sensitive form (§2 and §3 of The Unified Code for Units of Measure):
//
//	mg/dL   10*9/L   mm[Hg]   kg/m2   {beats}/min   mL/min/{1.73_m2}   umol/(L.h)
//
// What is in braces means nothing. The atoms are those that health records use, of
// UCUM 2.2; any other is an error, and the unit compares with itself only.
//
// # What it promises
//
//   - Factors are rational numbers, without rounding; that of π is as UCUM writes
//     it, to 64 digits.
//   - An arbitrary unit ([iU], [CFU], [arb'U]) is a dimension of its own: it
//     converts to nothing else (UCUM §24). So are the scales that are no multiple
//     of another unit: [pH], B, [hp'_X]. Cel and [degF] are scales of
//     temperature, and may not be multiplied with anything (UCUM §22).
//   - mol is a number, as UCUM has it, so that mmol/L and mg/dL never meet: how
//     much a mole weighs depends on the substance.
//
// # What it must never do
//
// Take long over what a stranger wrote: an expression is at most MaxLength bytes,
// nests at most 8 deep, and its powers are small.
package ucum
