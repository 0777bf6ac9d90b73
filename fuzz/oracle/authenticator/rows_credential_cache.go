package main

import (
	"slices"
	"strings"
	"time"

	"oracle/differential"
)

// The waits of upstream and of the driver for the lock, and how often upstream looks.
const (
	upstreamWait = time.Second
	upstreamLook = 250 * time.Millisecond
	driverWait   = 30 * time.Second
)

// tokenLife is how long the driver uses a token: one is used for at least a minute of its 14.
const tokenLife = 13 * time.Minute

func (r signerRun) held() time.Duration { return time.Duration(r.HeldMS) * time.Millisecond }

// theirAsks returns for each run whether upstream asked for credentials.
func theirAsks(p *differential.Pair) []bool {
	var asks []bool
	for _, run := range parse[struct{ Runs []struct{ Asks bool } }](differential.Raw(p.Theirs)).Runs {
		asks = append(asks, run.Asks)
	}
	return asks
}

// ourAsks returns for each run whether the driver asked for credentials, or nil if a run has an error, another request than
// the one for the role of its profile, or another key than that of the role.
func ourAsks(p *differential.Pair) []bool {
	q := parse[signerQuestion](p.Case.Question())
	runs := parse[struct{ Runs []signed }](differential.Raw(p.Ours)).Runs
	var asks []bool
	for n, run := range runs {
		if n >= len(q.Runs) || run.Error != nil || len(run.Requests) > 1 {
			return nil
		}
		profile := q.Runs[n].Variables["AWS_PROFILE"]
		if run.Key != "ASIA"+strings.ToUpper(profile) {
			return nil
		}
		for _, request := range run.Requests {
			role := request.Parameters["RoleArn"]
			if request.Action != "AssumeRole" || request.Key != "AKIABASE" || role != "arn:aws:iam::111122223333:role/"+profile {
				return nil
			}
		}
		asks = append(asks, len(run.Requests) > 0)
	}
	return asks
}

// isSameCache compares which runs ask for credentials.
func isSameCache(p *differential.Pair) bool { return slices.Equal(theirAsks(p), ourAsks(p)) }

// place names the credentials of a run: its cluster and profile.
func (r signerRun) place() string { return r.Arguments[1] + " " + r.Variables["AWS_PROFILE"] }

// upstreamCache is the file of upstream's cache, as the rows describe it.
type upstreamCache struct {
	isShared, isBroken bool
	// ends has the end of the credentials of each place.
	ends map[string]time.Time
}

// change changes the file before a run.
func (c *upstreamCache) change(how string, isThere bool) {
	switch {
	case how == "removed" || how == "blocked":
		*c = upstreamCache{ends: map[string]time.Time{}}
	case !isThere:
	case how == "broken" || how == "emptied":
		c.isBroken, c.ends = how == "broken", map[string]time.Time{}
	case how == "shared":
		c.isShared = true
	}
}

// upstreamAsks returns for each run whether upstream asks, and whether its file is broken or shared: it keeps credentials until
// they end, does not use such a file, and gives the cache up if the lock is held for a second.
func upstreamAsks(runs []signerRun) (asks, spoilt []bool) {
	c := upstreamCache{ends: map[string]time.Time{}}
	isThere := false
	// A run beside another one begins before the other has credentials.
	keep := func() {}
	for _, run := range runs {
		now := timeOf(run.Now)
		if run.Beside {
			now = now.Add(stsLatency / 5)
		} else {
			keep()
			keep = func() {}
		}
		c.change(run.Cache, isThere)
		isUsed := run.Cache != "blocked" && !c.isShared && !c.isBroken && run.held() < upstreamWait
		// The lock is taken where the next look finds it free.
		now = now.Add((run.held() + upstreamLook - 1) / upstreamLook * upstreamLook)
		isThere = run.Cache != "blocked" && (isThere && run.Cache != "removed" || isUsed || run.HeldMS > 0)
		isAsking := !isUsed || !c.ends[run.place()].After(now)
		asks, spoilt = append(asks, isAsking), append(spoilt, c.isShared || c.isBroken)
		if isAsking && isUsed {
			before := keep
			keep = func() {
				before()
				c.ends[run.place()] = now.Add(time.Duration(run.Life) * time.Second)
			}
		}
	}
	return asks, spoilt
}

// kept is a token that the driver has kept.
type kept struct {
	// run is the number of the run that asked for it.
	run    int
	at     time.Time
	isGood bool
}

// driverAsks returns for each run whether the driver asks, and the token that it has kept before: it keeps a token for 13
// minutes, replaces a file that is broken or shared, and waits for the lock for 30 seconds. A run beside another one for the
// same place waits for its token.
func driverAsks(runs []signerRun) ([]bool, []kept) {
	tokens := map[string]kept{}
	var asks []bool
	var found []kept
	for n, run := range runs {
		switch run.Cache {
		case "removed", "blocked":
			clear(tokens)
		case "broken", "emptied", "shared":
			for place, token := range tokens {
				token.isGood = false
				tokens[place] = token
			}
		}
		token := tokens[run.place()]
		now := timeOf(run.Now)
		isAsking := !token.isGood || now.Sub(token.at) > tokenLife
		asks, found = append(asks, isAsking), append(found, token)
		if isAsking && run.Cache != "blocked" && run.held() < driverWait {
			tokens[run.place()] = kept{n, now, true}
		}
	}
	return asks, found
}

// rowsOfCredentialCache returns the row of the first run that differs, if both programs ask in the runs that the rows say, and
// each other run that differs has a row too.
func rowsOfCredentialCache(p *differential.Pair) []string {
	runs := parse[signerQuestion](p.Case.Question()).Runs
	theirs, ours := theirAsks(p), ourAsks(p)
	ofUpstream, spoilt := upstreamAsks(runs)
	ofDriver, tokens := driverAsks(runs)
	if !slices.Equal(theirs, ofUpstream) || !slices.Equal(ours, ofDriver) {
		return nil
	}
	var rows []string
	for n := range runs {
		if theirs[n] != ours[n] {
			row := rowOfRun(runs, n, theirs[n], spoilt[n], tokens[n])
			if row == "" {
				return nil
			}
			rows = append(rows, row)
		}
	}
	return rows[:min(1, len(rows))]
}

// rowOfRun returns the row of a run in which only one of the programs asks, or "".
func rowOfRun(runs []signerRun, at int, isTheirs, isSpoilt bool, token kept) string {
	switch {
	case !token.isGood:
		return ""
	case !isTheirs:
		// The token is too old, and the credentials are still good.
		return "cache"
	case runs[at].Beside && token.run == at-1:
		return "cache-at-once"
	case runs[at].held() >= upstreamWait || runs[token.run].held() >= upstreamWait:
		return "cache-lock"
	case isSpoilt:
		return "cache-repaired"
	}
	// Upstream used its credentials until their end, and the driver has asked again meanwhile.
	return "cache"
}
