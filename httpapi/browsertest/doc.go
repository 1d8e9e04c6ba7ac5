// Package browsertest looks at the web app as people do: the real server on a real
// store, and Chromium. It is a module of its own, because nothing that the program is
// built from needs a browser.
//
// A world is a server with a person whose record has the sample in it; a tab is a
// page of a browser context of its own, which shares nothing with another. What a tab
// says on its console, every error and everything that the policy kept from running
// fails the test. What a browser sends is recorded at the server's door, where the
// requests of workers arrive too; no other host can be reached from these browsers.
//
// audit holds a page to the accessibility rules: axe, reflow, large text, and a walk
// with the Tab key. broken_test.go shows that it can fail.
//
// speed_test.go has benchmarks, of which docs/performance.md has the figures;
// screens_test.go takes the pictures of docs/screens, with the build tag screens alone.
//
// The tests need chromium, and make core before them.
package browsertest
