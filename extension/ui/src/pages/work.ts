// Pages in one file: fetched once, each is there at once after that. What is large and seldom stands in a file of its own.

export { default as Asset } from "./Asset";
export { default as Automation } from "./Automation";
export { default as Backfill } from "./Backfill";
export { default as Backfills } from "./Backfills";
export { default as Catalogue } from "./Catalogue";
export { default as Console } from "./Console";
export { default as GlobalLineage } from "./GlobalLineage";
export { default as Home } from "./Home";
export { default as Job } from "./Job";
export { default as Jobs } from "./Jobs";
export { default as Locations } from "./Locations";
export { default as Run } from "./Run";
export { default as Runs } from "./Runs";
export { default as Schedule } from "./Schedule";
export { default as Sensor } from "./Sensor";
export { default as Settings } from "./Settings";
export { default as Timeline } from "./Timeline";
