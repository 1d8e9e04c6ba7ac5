package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// writeDocuments writes what people have besides FHIR: a letter and two pictures.
func writeDocuments(dir string) error {
	m := image.NewRGBA(image.Rect(0, 0, 600, 400))
	r := rand.New(rand.NewPCG(3, 4))
	for y := range 400 {
		for x := range 600 {
			m.Set(x, y, color.RGBA{uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256)), 255})
		}
	}
	var scan, photo bytes.Buffer
	if err := png.Encode(&scan, m); err != nil {
		return err
	}
	if err := jpeg.Encode(&photo, m, nil); err != nil {
		return err
	}
	var letter strings.Builder
	letter.WriteString("%PDF-1.4\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 0/Kids[]>>\nendobj\n" +
		"3 0 obj\n<</Title(Clinic letter)/CreationDate(D:20260302101112Z)>>\nendobj\n")
	fmt.Fprintf(&letter, "xref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 4/Root 1 0 R/Info 3 0 R>>\nstartxref\n%d\n%%%%EOF\n", letter.Len())
	for name, b := range map[string][]byte{"letter.pdf": []byte(letter.String()), "scan.png": scan.Bytes(), "photo.jpg": photo.Bytes(),
		"half.jpg": photo.Bytes()[:photo.Len()/2], "wrong.pdf": photo.Bytes()} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			return err
		}
	}
	return nil
}
