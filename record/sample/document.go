package sample

// document adds a DocumentReference that carries its text.
func (s *source) document(key, day, title string, kind obj, author ref, text string, labels ...obj) ref {
	return s.letter(key, day, title, kind, author, inline("text/plain; charset=utf-8", title, day, text), labels...)
}

// letter adds a DocumentReference with any attachment.
func (s *source) letter(key, day, title string, kind obj, author ref, attachment obj, labels ...obj) ref {
	return s.about("DocumentReference", key, obj{
		"status": "current", "docStatus": "final", "type": kind, "description": title,
		"date": day + "T17:00:00Z", "author": list{author}, "content": list{obj{"attachment": attachment}},
	}, labels...)
}

// page is a letter as HTML: what a hospital's system sends instead of a scan.
func page(title, body string) string {
	return "<!DOCTYPE html>\n<html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>" + title + "</title></head>\n<body>\n" + body + "\n</body></html>"
}
