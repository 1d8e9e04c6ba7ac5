// Package qr draws QR codes (ISO/IEC 18004) for a terminal and as SVG. The coding is
// rsc.io/qr's; what is here is which code, and how it is shown.
//
//	Text  a link: the densest of digits, capitals and bytes, level M, version 1 to 40
//	Card  a SMART Health Card: "shc:/" as bytes and two digits a letter as numbers,
//	      level M if that fits version 22, else L; beyond that the card is for a file
//
// Version 22 is what the standard allows, for a code printed at 40 mm must still be
// read. Of the eight masks the one with the least penalty is taken (§7.8.3), which
// rsc.io/qr leaves to its caller: an unlucky mask makes patterns that look like the
// corners.
//
// # How it is shown
//
// Dark on light with four light modules around it, whatever the page or the terminal
// looks like: many readers do not find a code whose colours are turned around. On a
// terminal two modules are one character, in black and white of the 256-colour cube,
// which themes leave alone; Plain is for terminals without colours, and has to be told
// which they are. The SVG is one path on white ground, without script, style or
// anything from elsewhere.
//
// A code made of a link is as secret as the link.
package qr
