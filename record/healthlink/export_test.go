package healthlink

// OpenWithin is Open with limits of the test's.
var OpenWithin = Link.within
