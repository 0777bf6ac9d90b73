package main

import (
	"slices"
	"strings"
	"testing"

	"oracle/differential"
)

// requested builds the answer about a run that sends these requests: the key, the action or role, and the parameters.
func requested(key string, requests ...string) differential.Answer {
	var list []any
	for _, text := range requests {
		words := strings.Fields(text)
		request := differential.Answer{"key": words[0], "action": words[1]}
		if role, is := strings.CutPrefix(words[1], "role/"); is {
			parameters := differential.Answer{"RoleArn": "arn:aws:iam::111122223333:role/" + role}
			for _, word := range words[2:] {
				name, value, _ := strings.Cut(word, "=")
				parameters[name] = value
			}
			request["action"], request["parameters"] = "AssumeRole", parameters
		}
		list = append(list, request)
	}
	return differential.Answer{"runs": []any{differential.Answer{"key": key, "requests": list}}}
}

// refusedRun builds the answer about a run that is refused after some requests.
func refusedRun(message string, requests ...string) differential.Answer {
	answer := requested("", requests...)
	run := answer["runs"].([]any)[0].(differential.Answer)
	delete(run, "key")
	run["error"] = differential.Answer{"message": message}
	return answer
}

const (
	roleOfBase = "[profile one]\nrole_arn = arn:aws:iam::111122223333:role/one\nsource_profile = base\n"
	mfaOfOne   = "SerialNumber=arn:aws:iam::111122223333:mfa/one"
	needsCode  = "profile `one` needs a code of the MFA device arn:aws:iam::111122223333:mfa/one, and"
	noDefault  = "failed to get shared config profile, default"
	atTime     = "RoleSessionName=aws-go-sdk-1796065223436150043"
)

// roleRun builds a run of the profile `one`, or of no profile.
func roleRun(profile string, arguments string) signerRun {
	run := signerRun{Variables: map[string]string{}, Arguments: strings.Fields("-i dev --region eu-west-1 " + arguments)}
	if profile != "" {
		run.Variables["AWS_PROFILE"] = profile
	}
	return run
}

func withKeys(run signerRun, id string) signerRun {
	run.Variables["AWS_ACCESS_KEY_ID"] = id
	return run
}

func withTyped(run signerRun, text string, noTerminal bool) signerRun {
	run.Typed, run.NoTerminal = text, noTerminal
	return run
}

var roleCases = []struct {
	row          string
	config       string
	run          signerRun
	theirs, ours differential.Answer
}{
	{
		"role-session-name", roleOfBase + "duration_seconds = 1800\nexternal_id = x\n", roleRun("one", ""),
		requested("ASIAONE", "AKIABASE role/one ExternalId=x DurationSeconds=1800 "+atTime),
		requested("ASIAONE", "AKIABASE role/one ExternalId=x DurationSeconds=1800 RoleSessionName=signer"),
	},
	{
		"role-duration", roleOfBase + "role_session_name = mine\n", roleRun("one", ""),
		requested("ASIAONE", "AKIABASE role/one RoleSessionName=mine DurationSeconds=900"),
		requested("ASIAONE", "AKIABASE role/one RoleSessionName=mine"),
	},
	{
		"role-duration", roleOfBase, withKeys(roleRun("one", "-s bob -r arn:aws:iam::111122223333:role/a -r arn:aws:iam::111122223333:role/b --session-tag t=v"), "AKIAENV"),
		requested("ASIAB", "AKIAENV role/a RoleSessionName=bob DurationSeconds=900", "ASIAA role/b RoleSessionName=bob DurationSeconds=900 Tags.member.1.Key=t Tags.member.1.Value=v"),
		requested("ASIAB", "AKIAENV role/a RoleSessionName=bob", "ASIAA role/b RoleSessionName=bob Tags.member.1.Key=t Tags.member.1.Value=v"),
	},
	{
		"role-assumed-twice", "", withKeys(roleRun("", "-r arn:aws:iam::111122223333:role/a --forward-session-name"), "ASIAENV"),
		requested("ASIAA", "ASIAENV GetCallerIdentity", "ASIAENV role/a RoleSessionName=alice@example.com DurationSeconds=900", "ASIAENV role/a RoleSessionName=alice@example.com DurationSeconds=900"),
		requested("ASIAA", "ASIAENV GetCallerIdentity", "ASIAENV role/a RoleSessionName=alice@example.com"),
	},
	{
		"mfa-without-a-terminal", roleOfBase + "mfa_serial = arn:aws:iam::111122223333:mfa/one\n", withTyped(roleRun("one", ""), "123456\n", true),
		requested("ASIAONE", "AKIABASE role/one DurationSeconds=900 TokenCode=123456 "+mfaOfOne+" "+atTime),
		refusedRun(needsCode),
	},
	{
		"mfa-code", roleOfBase + "mfa_serial = arn:aws:iam::111122223333:mfa/one\n", withTyped(roleRun("one", ""), "secret\n", false),
		requested("ASIAONE", "AKIABASE role/one DurationSeconds=900 TokenCode=secret "+mfaOfOne+" "+atTime),
		refusedRun(needsCode),
	},
	{
		"mfa-code", strings.Replace(roleOfBase, "base", "two", 1) + "mfa_serial = arn:aws:iam::111122223333:mfa/one\n" + strings.ReplaceAll(roleOfBase, "one", "two"),
		withTyped(roleRun("one", ""), "secret\n", false),
		requested("ASIAONE", "AKIABASE role/two DurationSeconds=900 "+atTime, "ASIATWO role/one DurationSeconds=900 TokenCode=secret "+mfaOfOne+" "+atTime),
		refusedRun(needsCode, "AKIABASE role/two RoleSessionName=signer"),
	},
	{
		"broken-profile-beside-keys", strings.Replace(roleOfBase, "base", "default", 1), withKeys(roleRun("one", "-r arn:aws:iam::111122223333:role/a"), "AKIAENV"),
		refusedRun("could not create config: " + noDefault),
		requested("ASIAA", "AKIAENV role/a RoleSessionName=EKSGetTokenAuth"),
	},
}

// Each row has its question and both answers, and no row explains another answer to it.
func TestARowOfARoleNeedsBothAnswers(t *testing.T) {
	for _, test := range roleCases {
		q := signerQuestion{Config: test.config, Credentials: "[base]\naws_access_key_id = AKIABASE\n", Runs: []signerRun{test.run}}
		pair := func(theirs, ours differential.Answer) *differential.Pair {
			return &differential.Pair{Case: asJSON(q), Theirs: theirs, Ours: ours}
		}
		if rows := rowsOfAssumeRole(pair(test.theirs, test.ours)); !slices.Equal(rows, []string{test.row}) {
			t.Errorf("%s: got %v", test.row, rows)
		}
		for _, theirs := range altered(test.theirs) {
			if rows := rowsOfAssumeRole(pair(theirs, test.ours)); len(rows) > 0 {
				t.Errorf("%s: got %v for %s from upstream", test.row, rows, differential.Raw(theirs))
			}
		}
		for _, ours := range altered(test.ours) {
			if rows := rowsOfAssumeRole(pair(test.theirs, ours)); len(rows) > 0 {
				t.Errorf("%s: got %v for %s from the driver", test.row, rows, differential.Raw(ours))
			}
		}
	}
}

// A question that does not show the reason of a row has none.
func TestARowOfARoleNeedsItsReason(t *testing.T) {
	for _, test := range roleCases {
		for _, other := range roleCases {
			if test.config == other.config && test.run.Typed == other.run.Typed && slices.Equal(test.run.Arguments, other.run.Arguments) {
				continue
			}
			q := signerQuestion{Config: other.config, Credentials: "[base]\naws_access_key_id = AKIABASE\n", Runs: []signerRun{other.run}}
			p := &differential.Pair{Case: asJSON(q), Theirs: test.theirs, Ours: test.ours}
			if rows := rowsOfAssumeRole(p); len(rows) > 0 {
				t.Errorf("the answers of %s have the rows %v with the question of %s", test.row, rows, other.row)
			}
		}
	}
}
