// Package chart draws measurements over time as SVG, on the server, so that a person sees
// the same without a script, on paper and in the dark.
//
// A Chart is of one unit: who calls makes a chart for each, and the axis says which. What
// is drawn is what was recorded, and no more:
//
//   - time is to scale; a date of which only the month or the year is known is a bar over all
//     of that month or year;
//   - a line joins values, and stops at one that is only a limit ("<5"), which is drawn
//     hollow with an arrow to the side on which the real one lies;
//   - the laboratory's range is a band, over the time for which it was recorded;
//   - a value outside of it has another shape, and not only another colour;
//   - of more than Most points each column of the picture has the first, the lowest, the
//     highest and the last, and Drawing.Thinned says so.
//
// Numbers that no paper holds (see Fits) are for the table that stands beside each chart.
// Texts come from outside, in the reader's language, and are escaped here. Nothing has a
// style attribute, which the pages' policy would not let work: there are classes, which
// ui/css/38-chart.css paints, and attributes of SVG for where there is no stylesheet.
package chart
