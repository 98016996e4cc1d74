// The forms of the page: what is typed becomes a sample, the sample an answer or a sentence that refuses it.
"use strict";

// By task: a promise of its predictor, and what to do with the script of its model when that has come.
const predictors = {};
const waiting = {};
// No model is certain, whatever its rounded probability says.
const ALMOST_ONE = 0.99;

// Called by the script of a model.
function receiveModel(task, structure, numbers) {
  waiting[task](structure, numbers);
}

function predictorOf(task, address) {
  predictors[task] ??= new Promise((resolve, reject) => {
    waiting[task] = (structure, numbers) => Predictor.read(structure, numbers).then(resolve, reject);
    const script = document.createElement("script");
    script.src = address;
    script.onerror = () => reject(new Error("The model could not be loaded; check the connection."));
    document.head.append(script);
  }).catch((error) => {
    // The next press tries again.
    delete predictors[task];
    throw error;
  });
  return predictors[task];
}

// What is typed, by name: a number, a text, or null for what was not measured.
function sampleOf(form, inputs) {
  return Object.fromEntries(inputs.map(({ name, kind }) => {
    const { value } = form.elements[name];
    return [name, value === "" ? null : kind === "numeric" ? Number(value) : value];
  }));
}

// Why the value of an input cannot be, as the data contract says it; empty where it can.
function faultOf(form, { name, title, kind, low, high, allowed }) {
  const field = form.elements[name];
  if (field.validity.badInput) return `${title} is not a number${allowed}.`;
  if (kind !== "numeric" || field.value === "") return "";
  const value = Number(field.value);
  if (!Number.isFinite(value)) return `${title} is not a number${allowed}.`;
  if (low !== null && value < low) return `${title} ${field.value} is too low${allowed}.`;
  if (high !== null && value > high) return `${title} ${field.value} is too high${allowed}.`;
  return "";
}

// Where the sample leaves what the model has seen, and what it lacks.
function warningsOf(sample, inputs) {
  const given = inputs.filter(({ name }) => sample[name] !== null);
  const outside = given.filter(({ name, min, max }) => min !== null && (sample[name] < min || sample[name] > max));
  const unseen = given.filter(({ name, seen }) => seen && !seen.includes(sample[name]));
  const missing = inputs.filter(({ name }) => sample[name] === null).map(({ title }) => title);
  return [
    ...outside.map(({ name, title, min, max }) =>
      `${title} ${sample[name]} is outside of what the model has seen, ${min} to ${max}. Trust the answer less.`),
    ...unseen.map(({ name, title }) => `${title} ${sample[name]} did not occur in training.`),
    ...(missing.length ? [`Not measured: ${missing.join(", ")}. The model takes typical values instead.`] : []),
  ];
}

function element(tag, text, ...children) {
  const made = document.createElement(tag);
  made.textContent = text;
  made.append(...children);
  return made;
}

function classed(name, made) {
  made.className = name;
  return made;
}

function percent(chance, digits) {
  return `${(100 * chance).toFixed(digits)} %`;
}

function answerOf(about, sample, chances) {
  const label = decide(about.classes, chances, about.decision);
  const chance = chances[about.classes.indexOf(label)];
  const likeliest = about.classes[chances.indexOf(Math.max(...chances))];
  const told = chance < ALMOST_ONE ? percent(chance, 0) : `over ${percent(ALMOST_ONE, 0)}`;
  const verdict = classed("verdict", element("p", "", element("strong", label), `, probability ${told}`));
  const rule = `By its decision rule the model answers ${label}, although ${likeliest} is more probable.`;
  return [
    verdict,
    ...(label === likeliest ? [] : [element("p", rule)]),
    ...warningsOf(sample, about.inputs).map((words) => classed("note", element("p", words))),
    chancesTable(about.classes, chances),
  ];
}

function chancesTable(classes, chances) {
  const rows = classes.map((label, i) => {
    const bar = element("span", "");
    bar.style.width = percent(chances[i], 1).replace(" ", "");
    bar.ariaHidden = "true";
    const name = element("th", label);
    name.scope = "row";
    return element("tr", "", name, element("td", percent(chances[i], 1)), classed("share", element("td", "", bar)));
  });
  return element("table", "", element("caption", "Probability of each class"), element("tbody", "", ...rows));
}

// Refuses what cannot be with one sentence and the first field at fault; otherwise loads the model and answers.
async function submitted(form, task, about) {
  const faults = about.inputs.map((input) => [form.elements[input.name], faultOf(form, input)]);
  faults.forEach(([field, fault]) => { field.ariaInvalid = fault ? "true" : null; });
  const found = faults.filter(([, fault]) => fault);
  if (found.length) {
    found[0][0].focus();
    throw new Error(`This sample cannot be right: ${found.map(([, fault]) => fault).join(" ")}`);
  }
  const sample = sampleOf(form, about.inputs);
  if (Object.values(sample).every((value) => value === null)) {
    throw new Error("Nothing is filled in; give at least one input.");
  }
  const predictor = await predictorOf(task, about.script);
  return answerOf(about, sample, predictor.probabilities(encode(about.inputs, sample)));
}

function fill(form, about, { values, sample_id: name, label }) {
  about.inputs.forEach((input) => { form.elements[input.name].value = values[input.name] ?? ""; });
  form.querySelector(".source").textContent =
    `This is ${name}, which turned out ${label}. Change what you like; what you clear counts as not measured.`;
}

function setUp(details) {
  const form = details.querySelector("form");
  const about = JSON.parse(details.querySelector("script").textContent);
  const said = form.querySelector(".said");
  const show = (...parts) => said.replaceChildren(...parts);
  const refuse = (error) => show(classed("refused", element("p", error.message)));
  form.hidden = false;
  if (about.examples.length) fill(form, about, about.examples[0]);
  form.addEventListener("click", ({ target }) => {
    if (target.dataset.example) {
      fill(form, about, about.examples[target.dataset.example]);
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submitted(form, details.dataset.task, about).then((parts) => show(...parts), refuse);
  });
  details.addEventListener("toggle", () => {
    if (!details.open || details.dataset.task in predictors) return;
    show(element("p", "Loading the model ..."));
    predictorOf(details.dataset.task, about.script).then(() => show(element("p", "The model is ready.")), refuse);
  });
}

document.querySelectorAll(".try").forEach((details) => {
  if (details.querySelector("form")) setUp(details);
});
