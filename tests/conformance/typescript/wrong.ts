// Mistakes, each in the one line below its comment. None of them compiles.
//
// openapi-fetch takes the type of an argument from the argument: a misspelt member beside right ones is only found where
// `satisfies` says what it has to be.
import createClient from "openapi-fetch";

import type { components, operations, paths } from "./everything";
import type { components as PairComponents, paths as PairPaths } from "./pairs";

const client = createClient<paths, "application/json" | "application/problem+json">();
const pairs = createClient<PairPaths, "application/json" | "application/problem+json">();
const records = "/datasets/everything/records";
const one = "/datasets/everything/records/{key}";
const path = { key: "A1" };
type Filters = NonNullable<operations["list_everything_records"]["parameters"]["query"]>;
type Query = components["schemas"]["everything_query"];
type Create = components["schemas"]["everything_create"];
type PairKeys = PairComponents["schemas"]["pairs_keys"];
type Update = components["schemas"]["everything_update"];

// @ts-expect-error a filter on a misspelt column
client.GET(records, { params: { query: { prise__gte: 1 } } });
// @ts-expect-error a filter on a misspelt column beside a right one
client.GET(records, { params: { query: { stock: 1, prise__gte: 1 } satisfies Filters } });
// @ts-expect-error an operator that the column does not have
client.GET(records, { params: { query: { active__gt: true } } });
// @ts-expect-error a filter with a value of another type
client.GET(records, { params: { query: { stock: "many" } } });
// @ts-expect-error a filter with a value that the column does not allow
client.GET(records, { params: { query: { size: "XL" } } });
// @ts-expect-error a misspelt column in the selection
client.GET(records, { params: { query: { _select: ["code", "prise"] } } });
// @ts-expect-error a misspelt column in the sort
client.GET(records, { params: { query: { _sort: ["-prise"] } } });
// @ts-expect-error a column that refers to nothing
client.GET(records, { params: { query: { _embed: ["code"] } } });
// @ts-expect-error a misspelt parameter
client.GET(records, { params: { query: { _limt: 1 } } });
// @ts-expect-error a misspelt function of an aggregate
client.GET("/datasets/everything/aggregate", { params: { query: { _aggregate: ["price__summ"] } } });
// @ts-expect-error a misspelt dataset
client.GET("/datasets/evrything/records");

const page = await client.GET(records);
const record = page.data!.data[0]!;
// @ts-expect-error a misspelt member of a record
record.prise;
// @ts-expect-error a decimal is a string, so that it is exact
record.price?.toFixed(2);
// @ts-expect-error a value that the column never has
record.size === "XL";

// @ts-expect-error a condition on a misspelt column
client.POST("/datasets/everything/records/query", { body: { where: { prise: { gte: "1" } } } satisfies Query });
// @ts-expect-error a misspelt operator
client.POST("/datasets/everything/records/query", { body: { where: { price: { gtee: "1" } } } satisfies Query });
// @ts-expect-error a new record without what is required
client.POST(records, { body: { code: "B1" } });
// @ts-expect-error a new record with a misspelt column
client.POST(records, { body: { code: "B1", stock: 1, prise: "1.00" } satisfies Create });
// @ts-expect-error a change of a misspelt column
client.PATCH(one, { params: { path }, body: { prise: "1.00" } satisfies Update });
// @ts-expect-error a change to a value that the column does not allow
client.PATCH(one, { params: { path }, body: { size: "XL" } });
// @ts-expect-error null where a value is required
client.PATCH(one, { params: { path }, body: { stock: null } });
// @ts-expect-error half of a key
pairs.GET("/datasets/pairs/records/{region},{year}", { params: { path: { region: "north" } } });
// @ts-expect-error half of a key in a body
pairs.POST("/datasets/pairs/records/get", { body: { keys: [["north"]] } satisfies PairKeys });
// @ts-expect-error a decimal as a number, which is not exact
client.PATCH(one, { params: { path }, body: { price: 1.5 } });
// @ts-expect-error an image is an object where it is read
record.photo?.startsWith("img_");
// @ts-expect-error a width that no record shows
record.photo?.variants["300"];
// @ts-expect-error an image is named by a text where it is written
client.PATCH(one, { params: { path }, body: { photo: { id: "img_0123456789abcdef0123" } } });
