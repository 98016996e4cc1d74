// A model as `pipelines/models/portable.py` writes it, and what it answers. Nothing here knows the page.
"use strict";

const ARRAYS = { f8: Float64Array, f4: Float32Array, u2: Uint16Array };

class Predictor {
  // `structure` names the arrays that lie in `numbers`, an ArrayBuffer.
  constructor(structure, numbers) {
    const model = unpacked(structure, numbers);
    this.model = { ...model, members: model.members.map(prepared), blend: model.blend && prepared(model.blend) };
  }

  // From the text of a file of the page: base64 of raw deflate.
  static async read(structure, text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return new Predictor(structure, await new Response(stream).arrayBuffer());
  }

  // The probability of each class for one encoded row; null is a missing cell.
  probabilities(row) {
    const { fill, members, blend, size, ordinal, clipped, smallest } = this.model;
    const filled = row.map((cell, column) => cell ?? fill[column]);
    const answers = members.map((member) => answered(member, filled, size));
    const mixed = blend ? answered(blend, logOdds(answers, ordinal, clipped), size) : means(answers);
    const floored = mixed.map((chance) => chance + smallest);
    const total = sum(floored);
    return floored.map((chance) => chance / total);
  }
}

// Numbers as they are, then a column of 0 and 1 for each value of each category; of many values for the most frequent
// ones, and one of how frequent the value is. Null or undefined is missing.
function encode(inputs, sample) {
  const numbers = inputs.filter((input) => input.kind === "numeric").map((input) => sample[input.name] ?? null);
  const categories = inputs.flatMap(({ name, values, own, frequencies }) => [
    ...(own ?? values).map((value) => Number(sample[name] === value)),
    ...(frequencies ? [frequencies[sample[name]] ?? 0] : []),
  ]);
  return [...numbers, ...categories];
}

// The class that a decision rule of `models.decide` chooses.
function decide(classes, chances, rule) {
  if (rule.kind === "cut_points") {
    const expected = sum(chances.map((chance, position) => chance * position));
    return classes[rule.cut_points.filter((point) => point <= expected).length];
  }
  if (rule.kind === "costs") {
    const expected = classes.map((_, answer) => chances.reduce((sum, chance, i) => sum + chance * rule.costs[i][answer], 0));
    return classes[expected.indexOf(Math.min(...expected))];
  }
  const weighted = chances.map((chance, i) => (rule.kind === "weights" ? rule.weights[classes[i]] : 1) * chance);
  return classes[weighted.indexOf(Math.max(...weighted))];
}

function unpacked(value, numbers) {
  if (Array.isArray(value)) return value.map((part) => unpacked(part, numbers));
  if (value === null || typeof value !== "object") return value;
  if (!(value.type in ARRAYS)) {
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unpacked(part, numbers)]));
  }
  const kind = ARRAYS[value.type];
  return new kind(numbers.slice(value.start, value.start + value.length * kind.BYTES_PER_ELEMENT));
}

function prepared(member) {
  return { ...member, steps: member.steps.map((step) => (step.kind === "forest" ? grown(step) : step)) };
}

// The nodes of a tree lie as a walk to the left meets them, so the left child is the next one; here the right ones are
// found, and each split gets its threshold.
function grown(forest) {
  const { nodes, columns } = forest;
  const right = new Int32Array(nodes.length);
  const thresholds = new Float32Array(nodes.length);
  const roots = [];
  const open = [];
  let used = 0;
  for (let node = 0; node < nodes.length; node++) {
    if (open.length === 0) roots.push(node);
    else if (open.at(-1).left) right[open.pop().node] = node;
    else open.at(-1).left = true;
    if (nodes[node] < columns) {
      thresholds[node] = forest.thresholds[used++];
      open.push({ node, left: false });
    }
  }
  return { ...forest, roots, right, thresholds };
}

const STEPS = {
  normal_scores: (step, row) => [...row].map((value, column) => {
    const points = step.quantiles.length / step.references.length;
    return column < points ? normalScore(step, value, column) : value;
  }),
  kernel: ({ gamma, landmarks }, row) =>
    Array.from({ length: landmarks.length / row.length }, (_, i) => {
      let distance = 0;
      for (let j = 0; j < row.length; j++) distance += (row[j] - landmarks[i * row.length + j]) ** 2;
      return Math.exp(-gamma * distance);
    }),
  linear: ({ weights, intercepts }, row) =>
    Array.from(intercepts, (intercept, i) => {
      let score = 0;
      for (let j = 0; j < row.length; j++) score += weights[i * row.length + j] * row[j];
      return score + intercept;
    }),
  softmax: (_, scores) => {
    const all = scores.length === 1 ? [0, scores[0]] : scores;
    const highest = Math.max(...all);
    const raised = all.map((score) => Math.exp(score - highest));
    const total = sum(raised);
    return raised.map((each) => each / total);
  },
  forest: ({ nodes, columns, thresholds, roots, right, leaves, size }, row) => {
    // Trees compare in single precision.
    const single = Float32Array.from(row);
    const totals = new Array(size).fill(0);
    for (const root of roots) {
      let node = root;
      while (nodes[node] < columns) node = single[nodes[node]] <= thresholds[node] ? node + 1 : right[node];
      const leaf = (nodes[node] - columns) * size;
      for (let i = 0; i < size; i++) totals[i] += leaves[leaf + i];
    }
    return totals.map((total) => total / roots.length);
  },
};

function answered({ classes, steps }, row, size) {
  const known = steps.reduce((values, step) => STEPS[step.kind](step, values), row);
  const every = new Array(size).fill(0);
  known.forEach((chance, i) => { every[classes[i]] = chance; });
  return every;
}

function means(answers) {
  return answers[0].map((_, i) => sum(answers.map((answer) => answer[i])) / answers.length);
}

// Of each class, or of "at most this class" where classes are ordered, of all members side by side.
function logOdds(answers, ordinal, clipped) {
  const columns = answers.flatMap((answer) => (ordinal ? cumulated(answer).slice(0, -1) : answer));
  const kept = columns.map((chance) => Math.min(Math.max(chance, clipped), 1 - clipped));
  return kept.map((chance) => Math.log(chance / (1 - chance)));
}

function cumulated(values) {
  let total = 0;
  return values.map((value) => (total += value));
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}

// The mean of interpolating upwards and downwards, because quantiles repeat; then the normal score of that share.
function normalScore({ quantiles, references, edge, limits }, value, column) {
  const count = references.length;
  const points = quantiles.subarray(column * count, (column + 1) * count);
  let share = (interpolated(value, points, references, false) + interpolated(value, points, references, true)) / 2;
  if (value + edge > points[count - 1]) share = 1;
  if (value - edge < points[0]) share = 0;
  return Math.min(Math.max(normalQuantile(share), limits[0]), limits[1]);
}

// Among equal points the last one counts, or the first one where `first`.
function interpolated(value, points, heights, first) {
  const last = points.length - 1;
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (first ? points[middle] < value : points[middle] <= value) low = middle + 1;
    else high = middle;
  }
  if (low === 0) return heights[0];
  if (low > last) return heights[last];
  const slope = (heights[low] - heights[low - 1]) / (points[low] - points[low - 1]);
  return heights[low - 1] + slope * (value - points[low - 1]);
}

// M. Wichura (1988), algorithm AS 241: to about 16 digits.
const CENTRE = [
  [2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
    1971.5909503065514427, 133.14166789178437745, 3.387132872796366608],
  [5226.495278852854561, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
    687.1870074920579083, 42.313330701600911252, 1],
];
const SIDES = [
  [7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734],
  [1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1],
];
const ENDS = [
  [2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
    0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772],
  [2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
    0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1],
];

function normalQuantile(share) {
  const off = share - 0.5;
  if (Math.abs(off) <= 0.425) return off * ratio(CENTRE, 0.180625 - off * off);
  const tail = Math.min(share, 1 - share);
  if (tail <= 0) return off * Infinity;
  const distance = Math.sqrt(-Math.log(tail));
  return Math.sign(off) * (distance <= 5 ? ratio(SIDES, distance - 1.6) : ratio(ENDS, distance - 5));
}

function ratio([above, below], x) {
  const [top, bottom] = [above, below].map((factors) => factors.reduce((total, factor) => total * x + factor, 0));
  return top / bottom;
}
