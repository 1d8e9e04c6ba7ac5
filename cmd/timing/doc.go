// Timing measures whether the time an answer takes tells refused tokens apart. It is a
// developer's tool and is not shipped: make timing runs it.
//
//	timing -n N   so many requests with each sort of token, at each door, twice
//
// A sort of token that is refused is called a class here: never made, run out, stopped,
// on hold, another kind's, another record's, another client's. First every token of
// every class is presented, and the answers are compared: status, body and all headers
// but Date must be equal byte for byte, then and with every request that is timed, or it
// exits with 1. What the times are is a measurement, without pass or fail.
//
// # What is measured
//
// The whole handler of httpapi with a real store in a temporary folder, in this
// process: no network, whose noise would only hide what is there. Requests come one
// after the other, the classes mixed in an order that is drawn anew for each round, each
// class with the same number of tokens. Guesses are not limited, which no server does.
//
// A refusal of a token that was once good is logged, for the first 200 of a grant each
// day, so there are two tables of each door:
//
//	logged      the clock goes on by a day before any grant has had its 200
//	not logged  every grant has had its 200, and the day does not end
//
// # The statistic
//
// Welch's t of two classes' times, as dudect does it (Reparaz, Balasch, Verbauwhede,
// "Dude, is my code constant time?", 2017): once of all, and once without what is above
// the 99th percentile of the two together, where the machine's other work is. |t| above
// 4.5 says that they differ; below, that nothing was seen with so many requests. Times
// from a shared machine are not independent of one another, so a t of 5 is little, and
// the difference of the medians says what it is worth.
//
// # What it must never do
//
// Keep anything, listen to anyone but itself, or say that two classes are alike: it can
// only not tell them apart.
package main
