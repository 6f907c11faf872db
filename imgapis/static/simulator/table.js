// The server's facts as the rules read them: every row of the parameter table by endpoint and written name.

export function tableOf(facts) {
  const names = Object.fromEntries(facts.endpoints.map((endpoint) => [endpoint, {}]));
  for (const row of facts.rows) {
    for (const endpoint of row.endpoints) {
      for (const name of [row.name, ...row.aliases]) names[endpoint][name] = row;
    }
  }
  return { ...facts, names };
}
