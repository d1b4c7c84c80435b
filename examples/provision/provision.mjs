// Makes a folder for whoever is given a license, and removes it when the license is taken back.
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import amqp from "amqplib";

const seen = new Set(existsSync("seen.txt") ? readFileSync("seen.txt", "utf8").split("\n") : []);
const connection = await amqp.connect(process.env.BROKER_URL);
const channel = await connection.createChannel();
await channel.assertQueue("provision", { durable: true, arguments: { "x-queue-type": "quorum" } });
await channel.bindQueue("provision", "seatwise.entitlements", "license.assigned");
await channel.bindQueue("provision", "seatwise.entitlements", "license.unassigned");
await channel.consume("provision", (message) => {
  const { id, type, data } = JSON.parse(message.content.toString());
  if (!seen.has(id)) {
    const folder = `folders/${data.member_id}-${data.plan}`;
    if (type === "license.assigned") mkdirSync(folder, { recursive: true });
    else rmSync(folder, { recursive: true, force: true });
    seen.add(id);
    appendFileSync("seen.txt", `${id}\n`);
  }
  channel.ack(message);
});
