// The inputs of a sample: a number field and a slider each, which move together. An edit makes the old answer stale at
// once; the new one is asked for after a pause, or with Enter.
const PAUSE = 350; // milliseconds
const all = (selector) => [...element.querySelectorAll(selector)];
let waiting;

// A field shows no more digits than tell something; the value that came is kept while nobody changes what is shown.
const DIGITS = 4;
const short = (value) => Math.abs(value) < 10 ** (DIGITS - 1) ? Number(value.toPrecision(DIGITS)) : Math.round(value);
const show = (field, value) => {
  field.value = typeof value === "number" ? short(value) : value ?? "";
  field.dataset.shown = field.value;
  field.dataset.exact = value ?? "";
};
const number = (field) => Number(field.value === field.dataset.shown ? field.dataset.exact : field.value);

const read = () => {
  const values = {};
  for (const field of all("input[type=number]")) {
    // What is no number is passed on, so that it is refused in words.
    values[field.name] = field.validity.badInput ? "?" : field.value === "" ? null : number(field);
  }
  for (const field of all("input[type=search]")) values[field.name] = field.value || null;
  for (const choice of all("input[type=radio]:checked")) values[choice.dataset.name] = choice.value || null;
  return values;
};

const write = (values) => {
  for (const field of all("input[type=number]")) show(field, values[field.name]);
  for (const field of all("input[type=search]")) field.value = values[field.name] ?? "";
  for (const choice of all("input[type=radio]")) choice.checked = choice.value === (values[choice.dataset.name] ?? "");
  for (const slider of all("input[type=range]")) follow(slider);
};

const follow = (slider) => {
  const value = all("input[type=number]").find((field) => field.name === slider.dataset.name).value;
  slider.classList.toggle("unset", value === "");
  slider.value = value === "" ? slider.dataset.middle : value;
};

const age = () => {
  for (const old of document.querySelectorAll(element.querySelector("[data-ages]").dataset.ages)) old.classList.add("stale");
};

const submit = () => {
  clearTimeout(waiting);
  age();
  props.value = read();
  trigger("submit");
};

element.addEventListener("input", ({ target }) => {
  const other = all("input").find((input) => (input.dataset.name || input.name) === (target.dataset.name || target.name)
    && input.type === (target.type === "range" ? "number" : "range"));
  if (target.type === "range") {
    other.value = target.value;
    target.classList.remove("unset");
  } else if (other) follow(other);
  clearTimeout(waiting);
  age();
  waiting = setTimeout(submit, PAUSE);
});
element.addEventListener("keydown", (event) => {
  if (event.key === "Enter") submit();
});
watch("value", () => {
  clearTimeout(waiting);
  write(props.value);
});
write(props.value);
