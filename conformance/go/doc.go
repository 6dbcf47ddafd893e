// Package conformance drives the real Strongroom binary with the public Go client of the API that
// it speaks. It holds tests only; scripts/conformance-go runs them.
package conformance
