package main

import (
	"os"
	"strings"
)

// The second half of the demo: sharing, and what came of it.

const (
	doctorName = "Dr Amara Okafor"
	workerName = "Tom Ashworth-Lane"
)

func (d *demo) grants() error {
	d.heading("She lets two people read a part of it", "First she looks at what her GP would see. Sensitive sections are closed unless she names them.")
	doctor := []string{"grant", "--to", doctorName, "--organisation", "Elm Road Surgery", "--role", "GP", "--ready", "gp-visit"}
	out, err := d.mine(append(doctor, "-n")...)
	if err != nil {
		return err
	}
	d.shown(out)
	d.claim("the preview says that mental-health stays closed", strings.Contains(unwrapped(out), "mental-health ("))
	out, err = d.mine(append(doctor, "--yes", "--token-out", d.path("dr-okafor.token"))...)
	if err != nil {
		return err
	}
	d.shown(lastLine(out))
	d.say("")
	out, err = d.mine("grant", "--to", workerName, "--role", "social worker", "--sections", "support,plan,about-me", "--for", "90d", "--purpose", "CAREMGT",
		"--yes", "--token-out", d.path("tom.token"))
	if err != nil {
		return err
	}
	d.shown(out)
	return nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}

func (d *demo) away() error {
	d.heading("She goes away", "Her device is off. The server is stopped and started again, so that it has nothing of hers in memory: all it has is on its disk, sealed.")
	if err := os.Rename(d.path("device.json"), d.path("device-is-away")); err != nil {
		return err
	}
	if err := d.stop(); err != nil {
		return err
	}
	if err := d.serveAgain(); err != nil {
		return err
	}
	needles := []string{"Wetherlow", "epression", "enicillin", "mental-health", doctorName, "chda_"}
	found, files, err := d.search(d.path("server"), needles)
	if err != nil {
		return err
	}
	d.say("  Looked for her name, her illnesses and her doctor's name in the server's")
	d.say("  %s: found %d times.", plural(files, "file", "files"), found)
	d.claim("nothing of hers can be read on the server's disk", found == 0)
	return nil
}

// search counts how often any of the needles is in the files of a folder.
func (d *demo) search(dir string, needles []string) (found, files int, err error) {
	list, err := os.ReadDir(dir)
	if err != nil {
		return 0, 0, err
	}
	for _, e := range list {
		path := dir + string(os.PathSeparator) + e.Name()
		if e.IsDir() {
			f, n, err := d.search(path, needles)
			if err != nil {
				return 0, 0, err
			}
			found, files = found+f, files+n
			continue
		}
		if !e.Type().IsRegular() {
			continue
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return 0, 0, err
		}
		files++
		for _, n := range needles {
			found += strings.Count(string(b), n)
		}
	}
	return found, files, nil
}

func (d *demo) doctor() error {
	d.heading("Dr Okafor reads, over FHIR", "Her practice's system has the token. It knows nothing of Carehold; it speaks FHIR R4.")
	c, err := d.clinician("dr-okafor.token")
	if err != nil {
		return err
	}
	d.claim("the server says what it is without a token", c.open("metadata"))
	c.find("Patient", 1)
	c.find("AllergyIntolerance", 1)
	c.find("MedicationRequest", 1)
	c.find("Condition", 1)
	var title string
	d.diabetes, title = c.named("Condition", "diabetes")
	d.claim("the doctor finds the diabetes", d.diabetes != "")
	c.read(d.diabetes, title)
	d.say("")
	d.say("  and with a question of hers, how is the diabetes going:")
	c.findSince("http://loinc.org", "59261-8", "2025")
	d.say("  That is HbA1c, the sugar of the last months. All that can be searched by is")
	d.say("  in docs/search.md.")
	d.say("")
	d.say("  and what does not exist for her:")
	hidden := c.absent(d.hidden, "her depression: filed in mental-health")
	never := c.absent("Condition/this-never-was", "an entry that never was")
	c.findNone("Goal", "her goals: in a section that was not shared")
	d.claim("what is hidden and what never was are answered alike", withoutID(hidden) == withoutID(never))
	d.claim("the list of conditions does not hold the depression", !c.lists("Condition", d.hidden))
	d.doctorAsked += c.asked
	return c.err
}

func (d *demo) socialWorker() error {
	d.heading("Tom Ashworth-Lane, her social worker, reads", "The same server, another token, another part of her life.")
	c, err := d.clinician("tom.token")
	if err != nil {
		return err
	}
	c.find("Goal", 1)
	c.find("CarePlan", 1)
	c.find("QuestionnaireResponse", 1)
	d.say("")
	d.say("  and what does not exist for him:")
	c.absent(d.hidden, "her depression")
	c.absent(d.diabetes, "her diabetes, which Dr Okafor reads")
	c.findNone("AllergyIntolerance", "her allergies")
	c.findNone("MedicationRequest", "her medicines")
	return c.err
}

func (d *demo) revocation() error {
	d.heading("Marion is back, and stops one of them", "Tom has moved to another team. It is over when the command returns.")
	if err := os.Rename(d.path("device-is-away"), d.path("device.json")); err != nil {
		return err
	}
	c, err := d.clinician("tom.token")
	if err != nil {
		return err
	}
	c.find("CarePlan", 1)
	out, err := d.mine("revoke", workerName)
	if err != nil {
		return err
	}
	d.shown(out)
	c.refused("CarePlan")
	other, err := d.clinician("dr-okafor.token")
	if err != nil {
		return err
	}
	d.say("  Dr Okafor, whose grant goes on, got new keys without noticing:")
	other.find("AllergyIntolerance", 1)
	d.doctorAsked += other.asked
	out, err = d.mine("grants")
	if err != nil {
		return err
	}
	d.shown(out)
	d.claim("only the doctor is left", strings.Contains(out, doctorName) && !strings.Contains(out, workerName))
	return c.err
}

func (d *demo) whoLooked() error {
	d.heading("She sees who looked", "Every answer is written down before it is given. Only she can read this.")
	out, err := d.mine("history")
	if err != nil {
		return err
	}
	d.shown(out)
	d.claim("the history tells what the doctor was shown", strings.Contains(out, doctorName+" (GP, Elm Road Surgery) was shown"))
	d.claim("the history tells that Tom came back", strings.Contains(unwrapped(out), "the grant had been stopped"))
	d.claim("the history tells who asked, and who added", strings.Contains(unwrapped(out), "You said yes to a request, and gave "+clinicName) &&
		strings.Contains(unwrapped(out), labName+" (laboratory) wrote what waits in your inbox") && strings.Contains(unwrapped(out), "You disputed 1 "))
	out, err = d.hers("history", "--who", doctorName, "--json")
	if err != nil {
		return err
	}
	written := 0
	err = eachLine(out, "item", func(historyItem) { written++ })
	d.claim("each of the doctor's requests is in the history, and nothing else", written == d.doctorAsked)
	return err
}

func unwrapped(s string) string { return strings.Join(strings.Fields(s), " ") }

func (d *demo) checking() error {
	d.heading("And she checks that nothing was changed", "Her device computes the whole history again and compares it with what it saw before.")
	out, err := d.mine("check")
	if err != nil {
		return err
	}
	d.shown(out)
	d.claim("the history holds", strings.HasPrefix(out, "It holds"))
	return nil
}
