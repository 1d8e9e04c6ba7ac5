package sample

// correspondence is what the council wrote to Marion.
func (c *authority) correspondence() {
	social := concept("Letter from adult social care")
	decision := c.document("decision-2024", "2024-03-25", "Your needs assessment: what we decided", social, c.raman, `
Hallowby Adult Social Care Team                                  25 March 2024

Dear Marion,

Thank you for the afternoon of 14 March, and for the parkin. This is what we decided together.

You have eligible needs under the Care Act: cooking and carrying food in time for your insulin, the shower and your left
foot, using your house safely, and being among people again.

From 18 March Brightwater will come seven hours a week: three quarters of an hour each morning, longer on Tuesdays and
Fridays for the shower, and at tea-time on three days. The cost is £168.00 a week; you pay £31.50 of it.

Your main goals are choir, the oven, dressing in peace, Bramble, and the back step. We will ask you each time how they are
going, nought to ten, and it is your number that counts.

I am your care coordinator. That means one name and one telephone: mine, 01632 960812.

If you disagree with any of this, tell me, or use the leaflet inside to complain. You have a right to an advocate.

Priya Raman, social worker`)

	budget := c.document("budget-2025", "2025-03-27", "Your personal budget from April 2025", social, c.raman, `
Hallowby Adult Social Care Team                                  27 March 2025

Dear Marion,

From 1 April you hold your own budget. One account, two funders:

   Council direct payment        £7,098.00 a year
   NHS personal health budget    £1,900.00 a year
   Your contribution             £1,638.00 a year   (£31.50 a week, as before)

The council's part is for Ines and being an employer (payroll, insurance). The NHS part is for one more hour a week on
shaky mornings, the strength class, and four visits from a physiotherapist if winter is bad.

You chose Ines. You may change your mind about her, the hours, or the whole idea, at any time, and we will arrange care as
before. Each month you get a statement that says what was spent and for which of your goals.

Priya Raman, for Westmere County Council, with NHS Westmere`)

	handover := c.document("handover-2025", "2025-06-02", "Your new care coordinator", social, c.raman, `
2 June 2025

Dear Marion,

From today your care coordinator is Tom Ashworth-Lane. You have met him twice and he can wash up. Same number,
01632 960812. I have told him what you asked me to, and nothing you asked me not to.

It has been a pleasure. Sing.

Priya`)

	review := c.document("review-2026", "2026-03-06", "Your review of 5 March 2026", social, c.ashworth, `
Hallowby Adult Social Care Team                                   6 March 2026

Dear Marion,

Two years on from the first plan. Your own numbers, then and now:

   Choir                 0   9
   The oven              1   7
   Dressing              3   9
   Bramble               1   8
   The back step         0   6
   Reading to children   –   7

You give back half an hour a week: six and a half now. If you want it back, ring me; you need not start again from the
beginning. The next review is in March 2027, sooner if anything changes.

Tom Ashworth-Lane`)

	attorney := c.document("lpa", "2023-09-14", "Lasting power of attorney, health and welfare: copy seen", concept("Legal document"), c.council, `
Copy seen by Adult Social Care on 14 March 2024.
Donor: Marion Elizabeth Wetherlow. Attorney: Judith Anne Marr. Registered 14 September 2023.
Applies only when Marion cannot decide for herself. Life-sustaining treatment: decisions left to the attorney, guided by the
advance statement of 2 October 2023.`)
	c.provenance("2024-03-25T16:00:00Z", "Written and sent", "", list{agent("author", c.raman, c.team)}, []ref{decision})
	c.provenance("2025-03-27T15:00:00Z", "Written and sent", "", list{agent("author", c.raman, c.team)}, []ref{budget})
	c.provenance("2025-06-02T09:00:00+01:00", "Written and sent", "", list{agent("author", c.raman, c.team)}, []ref{handover})
	c.provenance("2026-03-06T12:00:00Z", "Written and sent", "", list{agent("author", c.ashworth, c.team)}, []ref{review})
	c.provenance(at("2024-03-14", "15:40"), "Copied", "Original in Marion's bureau", list{agent("enterer", c.raman, c.team)}, []ref{attorney})
}
